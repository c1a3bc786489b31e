// The person goes back with what came of the payment: to the page that opened this one, or to the shop's address. Where it
// failed, they may try again.
const form = document.getElementById("back");
const again = document.getElementById("again");
again?.addEventListener("click", () => history.back());
if (window.parent !== window) {
  form.querySelector("button").hidden = true;
  window.parent.postMessage({ razorpay: Object.fromEntries(new FormData(form)) }, "*");
} else if (!form.getAttribute("action")) {
  form.querySelector("button").hidden = true;
} else if (!again) {
  form.submit();
}
