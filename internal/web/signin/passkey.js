// Passkeys: asks the server for options, lets the device answer, sends the answer back. Buttons stay hidden where
// the browser cannot do it, and everything else works without this file.
(() => {
  'use strict';
  const able = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON && PublicKeyCredential.parseCreationOptionsFromJSON;
  if (!able) return;

  const post = async (url, body, type) => {
    const r = await fetch(url, { method: 'POST', body, headers: type ? { 'Content-Type': type } : {} });
    const data = await r.json();
    if (!r.ok) throw new Error(data.error || '');
    return data;
  };
  const say = (box, text) => {
    const out = box.querySelector('[data-passkey-says]');
    if (!out) return;
    out.textContent = text || out.dataset.default;
    out.hidden = false;
  };
  const run = (form, steps) => async (e) => {
    e.preventDefault();
    const button = form.querySelector('button[type=submit]');
    button.disabled = true;
    try {
      location.assign(await steps());
    } catch (err) {
      say(form, err instanceof DOMException ? '' : err.message);
      button.disabled = false;
    }
  };

  for (const form of document.querySelectorAll('form[data-passkey=signin]')) {
    form.hidden = false;
    form.addEventListener('submit', run(form, async () => {
      const o = await post('/signin/passkey');
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(o.publicKey);
      const c = await navigator.credentials.get({ publicKey });
      const next = new FormData(form).get('next') || '/';
      return (await post('/signin/passkey/answer?next=' + encodeURIComponent(next), JSON.stringify(c.toJSON()), 'application/json')).next;
    }));
  }
  for (const form of document.querySelectorAll('form[data-passkey=add]')) {
    form.hidden = false;
    form.addEventListener('submit', run(form, async () => {
      const o = await post('/me/passkeys/begin', new URLSearchParams(new FormData(form)));
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(o.publicKey);
      const c = await navigator.credentials.create({ publicKey });
      const name = new FormData(form).get('name') || '';
      return (await post('/me/passkeys?name=' + encodeURIComponent(name), JSON.stringify(c.toJSON()), 'application/json')).next;
    }));
  }
})();
