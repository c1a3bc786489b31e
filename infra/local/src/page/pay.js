// Paying for a booking as a front end does: begin the payment, open Razorpay's Checkout, hand on what it says.
// The address may say what to pay and by whom: /_local/pay#booking=bkg_…&token=…

import { api, pause, say } from "/_local/client.js";
import { el } from "/_local/dom.js";

const token = document.getElementById("token");
const booking = document.getElementById("booking");
const bill = document.getElementById("bill");
const ASK_AGAIN_MS = 500;

const rupees = ({ amount, currency }) => new Intl.NumberFormat("en-IN", { style: "currency", currency }).format(amount / 100);
const facts = (all) => el("dl", {}, all.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));

/** The payment as it is, until it is no longer on its way. */
async function follow(payment) {
  for (;;) {
    const found = await api("GET", `/v1/payments/${payment.payment_id}`);
    show(await api("GET", `/v1/bookings/${booking.value}`), found);
    if (found.state === "pending" || found.refunding.amount > 0) await pause(ASK_AGAIN_MS);
    else return;
  }
}

async function pay() {
  say(null);
  const key = { "idempotency-key": crypto.randomUUID() };
  const payment = await api("POST", "/v1/payments", { booking_id: booking.value }, key);
  const { prefill, ...checkout } = payment.checkout;
  const known = Object.fromEntries(Object.entries(prefill).filter(([, value]) => value));
  const handler = async (told) => {
    try {
      await api("POST", `/v1/payments/${payment.payment_id}/verify`, told);
      await follow(payment);
    } catch (error) {
      say(error.message);
    }
  };
  const dialog = new window.Razorpay({ ...checkout, name: "ConnectO", prefill: known, handler });
  dialog.on("payment.failed", ({ error }) => say(`${error.description} It can be tried again.`));
  dialog.open();
}

const act = (work) => () => work().catch((error) => say(error.message));

function show(found, payment) {
  const { title, state, with: other, total, possible, payment_id: paid, settlement } = found;
  const rows = [["What", title], ["With", other ?? "–"], ["To pay", rupees(total)], ["Booking", state]];
  if (payment) rows.push(["Payment", payment.state], ["Refunded", rupees(payment.refunded)]);
  if (settlement) rows.push(["Paid in the end", rupees(settlement.customer_pays)]);
  const can = possible.includes("pay") && !paid;
  bill.replaceChildren(facts(rows), can ? el("button", { className: "main", id: "pay", onclick: act(pay) }, `Pay ${rupees(total)}`) : "");
}

async function look() {
  say(null);
  const found = await api("GET", `/v1/bookings/${booking.value}`);
  show(found, found.payment_id && await api("GET", `/v1/payments/${found.payment_id}`));
}

document.getElementById("choice").addEventListener("submit", (event) => {
  event.preventDefault();
  act(look)();
});
const said = new URLSearchParams(location.hash.slice(1));
if (said.has("booking")) {
  [booking.value, token.value] = [said.get("booking"), said.get("token") ?? ""];
  // Not for whoever reads over a shoulder.
  history.replaceState(null, "", location.pathname);
  act(look)();
}
