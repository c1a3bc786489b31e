// What Razorpay's checkout.js offers a shop's page, as far as a payment needs it:
// new Razorpay({ key, order_id, name, prefill, callback_url, handler, modal: { ondismiss } }).open().
(() => {
  const origin = new URL(document.currentScript.src).origin;

  class Razorpay {
    constructor(options) {
      this.options = options;
      this.listeners = {};
    }

    on(event, listener) {
      (this.listeners[event] ??= []).push(listener);
    }

    open() {
      const { key, order_id, name, prefill = {}, callback_url } = this.options;
      const query = new URLSearchParams({ key_id: key, order_id, name: name ?? "" });
      for (const [field, value] of Object.entries(prefill)) query.set(`prefill[${field}]`, value);
      if (callback_url) query.set("callback_url", callback_url);
      this.dialog = document.createElement("dialog");
      this.dialog.style.cssText = "border: 0; padding: 0; width: min(28rem, 95vw); height: min(40rem, 90vh)";
      const frame = document.createElement("iframe");
      frame.src = `${origin}/v1/checkout/embedded?${query}`;
      frame.style.cssText = "border: 0; width: 100%; height: 100%";
      this.dialog.append(frame);
      this.dialog.addEventListener("cancel", () => {
        this.close();
        this.options.modal?.ondismiss?.();
      });
      this.heard = (event) => {
        if (event.origin === origin && event.source === frame.contentWindow) this.finish(event.data.razorpay);
      };
      window.addEventListener("message", this.heard);
      document.body.append(this.dialog);
      this.dialog.showModal();
    }

    close() {
      window.removeEventListener("message", this.heard);
      this.dialog?.remove();
    }

    // What failed may be tried again: the dialog stays.
    finish(told) {
      if (told.razorpay_signature) {
        this.close();
        if (this.options.callback_url) return send(this.options.callback_url, told);
        return this.options.handler?.(told);
      }
      const error = {};
      for (const [name, value] of Object.entries(told)) error[name.slice("error[".length, -1)] = value;
      if (error.metadata) error.metadata = JSON.parse(error.metadata);
      for (const listener of this.listeners["payment.failed"] ?? []) listener({ error });
    }
  }

  function send(url, told) {
    const form = document.createElement("form");
    form.method = "post";
    form.action = url;
    for (const [name, value] of Object.entries(told)) {
      const input = document.createElement("input");
      [input.type, input.name, input.value] = ["hidden", name, value];
      form.append(input);
    }
    document.body.append(form);
    form.submit();
  }

  window.Razorpay = Razorpay;
})();
