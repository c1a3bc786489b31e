"""Razorpay's own client for Python, used as its documentation has it.

Usage: client.py <url> <key id> <key secret>; on standard input a webhook's signature, its secret and its body, a line each.
"""

import sys
import time

import razorpay
from razorpay.errors import BadRequestError, SignatureVerificationError

url, key, secret = sys.argv[1:]
client = razorpay.Client(auth=(key, secret), base_url=url)


def refused(call, *arguments):
    try:
        call(*arguments)
    except BadRequestError as error:
        return str(error)
    raise AssertionError("it was not refused")


# Orders
order = client.order.create({"amount": 50_000, "currency": "INR", "receipt": "python-1", "notes": {"booking": "bkg_1"}})
assert (order["status"], order["amount_due"], order["entity"]) == ("created", 50_000, "order"), order
assert client.order.fetch(order["id"]) == order
assert client.order.all({"receipt": "python-1"})["items"] == [order]
assert "minimum" in refused(client.order.create, {"amount": 99, "currency": "INR"})
assert "does not exist" in refused(client.order.fetch, "order_00000000000000")

# A payment, authorized and then captured
pay = {"amount": 50_000, "currency": "INR", "order_id": order["id"], "email": "asha@example.com", "contact": "9999900001",
       "method": "upi", "upi": {"flow": "collect", "vpa": "success@razorpay"}}
payment_id = client.payment.createUpi(pay)["razorpay_payment_id"]
payment = client.payment.fetch(payment_id)
assert (payment["status"], payment["captured"], payment["method"]) == ("authorized", False, "upi"), payment
assert "equal" in refused(client.payment.capture, payment_id, 49_999, {"currency": "INR"})
payment = client.payment.capture(payment_id, 50_000, {"currency": "INR"})
assert (payment["status"], payment["fee"], payment["tax"]) == ("captured", 1_180, 180), payment
assert "already been captured" in refused(client.payment.capture, payment_id, 50_000, {"currency": "INR"})
assert client.order.fetch(order["id"])["status"] == "paid"
assert [one["id"] for one in client.order.payments(order["id"])["items"]] == [payment_id]
assert client.payment.all({"count": 1})["items"][0]["id"] == payment_id

# Transfers on hold, released, and reversed
account = client.account.create({"email": "ravi@example.com", "phone": "9999900002", "type": "route",
                                 "legal_business_name": "Ravi Patil", "business_type": "individual"})
assert account["id"].startswith("acc_"), account
share = {"account": account["id"], "amount": 30_000, "currency": "INR", "on_hold": 1, "notes": {"share": "bkg_1"}}
assert "not activated" in refused(client.payment.transfer, payment_id, {"transfers": [share]})
stakeholder = client.stakeholder.create(account["id"], {"name": "Ravi Patil", "email": "ravi@example.com"})
assert stakeholder["id"].startswith("sth_"), stakeholder
product = client.product.requestProductConfiguration(account["id"], {"product_name": "route", "tnc_accepted": True})
assert [one["field_reference"] for one in product["requirements"]] == [
    "settlements.account_number", "settlements.ifsc_code", "settlements.beneficiary_name"], product
settlements = {"account_number": "123456789012", "ifsc_code": "HDFC0000317", "beneficiary_name": "Ravi Patil"}
edited = client.product.edit(account["id"], product["id"], {"settlements": settlements})
assert edited["activation_status"] == "under_review", edited
time.sleep(1.2)
assert client.product.fetch(account["id"], product["id"])["activation_status"] == "activated"
made = client.payment.transfer(payment_id, {"transfers": [share]})
transfer = made["items"][0]
assert (transfer["source"], transfer["on_hold"], transfer["status"]) == (payment_id, True, "pending"), transfer
assert "greater" in refused(client.payment.transfer, payment_id, {"transfers": [
    {"account": account["id"], "amount": 20_001, "currency": "INR"}]})
time.sleep(1.2)
released = client.transfer.edit(transfer["id"], {"on_hold": 0})
assert (released["on_hold"], released["settlement_status"]) == (False, "pending"), released
reversal = client.transfer.reverse(transfer["id"], {"amount": 10_000})
assert (reversal["transfer_id"], reversal["amount"]) == (transfer["id"], 10_000), reversal
assert client.transfer.fetch(transfer["id"])["status"] == "partially_reversed"
assert client.transfer.all({"payment_id": payment_id})["count"] == 1
assert client.transfer.reversals(transfer["id"])["items"] == [reversal]

# Refunds, a part and the rest
refund = client.payment.refund(payment_id, {"amount": 20_000, "receipt": "refund-1"})
assert (refund["payment_id"], refund["amount"], refund["status"]) == (payment_id, 20_000, "pending"), refund
assert client.payment.fetch(payment_id)["refund_status"] == "partial"
assert "greater" in refused(client.payment.refund, payment_id, {"amount": 30_001})
rest = client.payment.refund(payment_id, {"reverse_all": 1})
assert rest["amount"] == 30_000, rest
assert client.transfer.fetch(transfer["id"])["status"] == "reversed"
assert client.payment.fetch(payment_id)["status"] == "refunded"
assert "fully refunded" in refused(client.payment.refund, payment_id, {})
assert client.payment.fetch_multiple_refund(payment_id)["count"] == 2
assert client.refund.fetch(rest["id"])["id"] == rest["id"]

# What was told of another payment is signed, and nothing else is
signature, webhook_secret, body = [line.rstrip("\n") for line in sys.stdin]
assert client.utility.verify_webhook_signature(body, signature, webhook_secret)
try:
    client.utility.verify_webhook_signature(body + " ", signature, webhook_secret)
    raise AssertionError("another body has the same signature")
except SignatureVerificationError:
    pass
print(payment_id)
