// The person goes back with what came of the payment: to the page that opened this one, or to the shop's address.
const form = document.getElementById("back");
const told = Object.fromEntries(new FormData(form));
if (window.parent !== window) {
  window.parent.postMessage({ razorpay: told }, "*");
} else if (form.getAttribute("action")) {
  form.submit();
}
