// Razorpay's own client for Node.js, used as its documentation has it.
// Usage: node client.mjs <folder of razorpay> <url> <key id> <key secret>; on standard input a webhook's signature, its
// secret and its body, a line each.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, url, key_id, key_secret] = process.argv.slice(2);
const Razorpay = createRequire(`${folder}/`)("razorpay");
const razorpay = new Razorpay({ key_id, key_secret });
razorpay.api.rq.defaults.baseURL = url;

const refused = async (call) => {
  const { statusCode, error } = await call.then(() => assert.fail("it was not refused"), (refusal) => refusal);
  assert.deepEqual([statusCode, error.code], [400, "BAD_REQUEST_ERROR"]);
  return error.description;
};

const account = await razorpay.accounts.create({
  email: "ravi@example.com", phone: "9999900002", type: "route", legal_business_name: "Ravi Patil", business_type: "individual",
});
assert.equal((await razorpay.stakeholders.create(account.id, { name: "Ravi Patil", email: "ravi@example.com" })).name, "Ravi Patil");
const product = await razorpay.products.requestProductConfiguration(account.id, { product_name: "route", tnc_accepted: true });
assert.equal(product.activation_status, "needs_clarification");
const settlements = { account_number: "123456789012", ifsc_code: "HDFC0000317", beneficiary_name: "Ravi Patil" };
assert.equal((await razorpay.products.edit(account.id, product.id, { settlements })).activation_status, "under_review");
await new Promise((later) => setTimeout(later, 1_200));
assert.equal((await razorpay.products.fetch(account.id, product.id)).activation_status, "activated");
// An order that shares itself out when it is paid.
const order = await razorpay.orders.create({
  amount: 80_000, receipt: "node-1", payment_capture: true,
  transfers: [{ account: account.id, amount: 60_000, currency: "INR", on_hold: true }],
});
assert.deepEqual([order.status, order.transfers[0].status, order.transfers[0].source], ["created", "created", order.id]);
assert.equal((await razorpay.orders.all({ receipt: "node-1" })).items[0].id, order.id);

const pay = (vpa) => razorpay.payments.createUpi({
  amount: 80_000, currency: "INR", order_id: order.id, email: "asha@example.com", contact: "9999900001",
  method: "upi", upi: { flow: "collect", vpa },
});
const failed = (await pay("failure@razorpay")).razorpay_payment_id;
const failure = await razorpay.payments.fetch(failed);
assert.deepEqual([failure.status, failure.error_reason], ["failed", "payment_failed"]);
assert.equal((await razorpay.orders.fetch(order.id)).status, "attempted");
const paid = (await pay("success@razorpay")).razorpay_payment_id;
assert.equal((await razorpay.payments.fetch(paid)).status, "captured");
assert.match(await refused(pay("success@razorpay")), /already done/);
assert.deepEqual(await razorpay.orders.fetchPayments(order.id).then(({ items }) => items.map(({ id }) => id)), [paid, failed]);

// An account has its share a moment later.
await new Promise((later) => setTimeout(later, 1_200));
const [share] = (await razorpay.payments.fetchTransfer(paid)).items;
assert.deepEqual([share.id, share.source, share.status, share.on_hold], [order.transfers[0].id, order.id, "processed", true]);
assert.equal((await razorpay.orders.fetchTransferOrder(order.id)).transfers.items[0].id, share.id);
const released = await razorpay.transfers.edit(share.id, { on_hold: 0 });
assert.equal(released.on_hold, false);
await razorpay.transfers.reverse(share.id, { amount: 60_000 });
assert.equal((await razorpay.transfers.fetch(share.id)).status, "reversed");

const refund = await razorpay.payments.refund(paid, { amount: 1_000, notes: { why: "late" } });
assert.deepEqual([refund.amount, refund.notes], [1_000, { why: "late" }]);
assert.equal((await razorpay.payments.fetchMultipleRefund(paid, {})).count, 1);
assert.equal((await razorpay.refunds.fetch(refund.id)).id, refund.id);
assert.match(await refused(razorpay.payments.transfer(paid, { transfers: [{ account: account.id, amount: 100, currency: "INR" }] })), /refunded/);

const [signature, secret, body] = readFileSync(0, "utf8").split("\n");
assert.equal(Razorpay.validateWebhookSignature(body, signature, secret), true);
assert.equal(Razorpay.validateWebhookSignature(`${body} `, signature, secret), false);
console.log(paid);
