// Counts the characters of a reply while it is written, brings the opened item of a long thread into sight, picks labels
// by key, and shows or hides the marks in the texts. Everything on the page works without it.
(() => {
  'use strict';
  const show = (e) => {
    const out = document.getElementById(e.dataset.counted);
    if (out) out.textContent = [...e.value].length + (e.maxLength > 0 ? ' / ' + e.maxLength : '');
  };
  document.addEventListener('input', (e) => { if (e.target.dataset && e.target.dataset.counted) show(e.target); });

  document.addEventListener('click', (e) => {
    const to = e.target.closest('a[href="#f-text"]'), field = document.getElementById('f-text');
    if (to && field) { e.preventDefault(); field.focus(); } // hash links scroll, a person wants to write
  });

  let opened = '';
  function settle() {
    const item = document.querySelector('.pane-thread .cm-sel');
    if (!item || item.id === opened) return;
    opened = item.id;
    if (innerWidth <= 800) return; // a phone shows the item alone
    const pane = item.closest('.pane'), box = pane.getBoundingClientRect(), at = item.getBoundingClientRect();
    if (pane.scrollHeight > pane.clientHeight) pane.scrollTop += at.top - box.top - (box.height - at.height) / 2;
    const rec = document.getElementById('pane-rec');
    if (rec) rec.scrollTop = 0;
  }
  document.addEventListener('chop:swapped', settle);
  settle();

  /* --- why a label: its mark opens the panel -------------------------------------- */
  document.addEventListener('click', (e) => {
    const a = e.target.closest('a.lb-why[href^="#"]'), panel = a && document.getElementById(a.hash.slice(1));
    const fold = panel && panel.closest('details');
    if (!fold) return;
    e.preventDefault();
    fold.open = true;
    fold.querySelector('summary').focus();
    fold.scrollIntoView({ block: 'nearest' });
  });

  /* --- marks in the texts: the choice is remembered --------------------------------- */
  const root = document.documentElement;
  function paintMarks() {
    for (const b of document.querySelectorAll('button[data-marks]')) {
      b.hidden = false;
      b.setAttribute('aria-pressed', String(root.dataset.marks !== 'off'));
      b.setAttribute('data-own', '');
    }
  }
  document.addEventListener('click', (e) => {
    if (!e.target.closest('button[data-marks]')) return;
    const off = root.dataset.marks !== 'off';
    if (off) root.dataset.marks = 'off'; else delete root.dataset.marks;
    try { localStorage.chopMarks = off ? 'off' : ''; } catch (err) { /* storage is off */ }
    paintMarks();
  });
  document.addEventListener('chop:swapped', paintMarks);
  paintMarks();

  /* --- correcting labels: the first key replaces, further ones add and remove ------- */
  const form = () => document.querySelector('dialog[open] form[data-relabel]');
  let fresh = true, weighed = false;
  document.addEventListener('click', (e) => {
    const b = e.target.closest('[data-ask=relabel]'), d = b && document.getElementById('relabel'), f = d && d.querySelector('form[data-relabel]');
    if (!f) return;
    f.reset();
    fresh = true; weighed = false;
    const first = f.querySelector('input:checked') || f.querySelector('input');
    if (d.open && first) first.focus();
  });
  function weigh(f) {
    if (weighed) return; // the person chose a weight
    const most = Math.max(0, ...[...f.querySelectorAll('[data-gravity]:checked')].map((b) => Number(b.dataset.gravity)));
    const radio = f.querySelector('[name=severity][value="' + most + '"]');
    if (radio) radio.checked = true;
  }
  document.addEventListener('change', (e) => {
    const f = e.target.closest('form[data-relabel]');
    if (!f) return;
    if (e.target.name === 'severity') weighed = true;
    if (e.target.name === 'label') { fresh = false; weigh(f); }
  });
  document.addEventListener('keydown', (e) => {
    const f = form(), t = e.target;
    if (!f || e.ctrlKey || e.metaKey || e.altKey || e.repeat) return;
    if (t.tagName === 'INPUT' && !/^(checkbox|radio)$/.test(t.type)) return; // writing a reason
    if (e.key === 'Enter' && !/^(BUTTON|A)$/.test(t.tagName)) { e.preventDefault(); f.requestSubmit(); return; }
    const box = /^[0-9a-z]$/.test(e.key) && f.querySelector('[data-pick="' + e.key + '"]');
    if (!box) return;
    e.preventDefault();
    if (fresh) for (const b of f.querySelectorAll('[data-pick]')) b.checked = false;
    box.checked = fresh || !box.checked;
    fresh = false;
    box.focus();
    weigh(f);
  });

  /* --- the checks of a reply, while it is written; what was typed is kept on the way ---- */
  let waiting = 0, asking = null;
  async function checkReply(form) {
    if (asking) asking.abort();
    const mine = asking = new AbortController();
    try {
      const res = await fetch(form.dataset.check, { method: 'POST', credentials: 'same-origin', signal: mine.signal,
        headers: { 'ChOP-Part': 'checks', Accept: 'text/html' }, body: new URLSearchParams({ text: form.elements.text.value }) });
      const out = document.getElementById('checks');
      if (!res.ok || !out || !document.contains(form)) return;
      const doc = new DOMParser().parseFromString(await res.text(), 'text/html');
      out.replaceChildren(...[...doc.body.childNodes].map((n) => document.importNode(n, true)));
    } catch (e) { /* no line now: the checks are asked again when it is sent */ }
  }
  document.addEventListener('input', (e) => {
    const f = e.target.name === 'text' && e.target.closest('form[data-check]');
    if (!f) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => checkReply(f), 600);
  });
  const scripted = () => { for (const b of document.querySelectorAll('[data-unscripted]')) { b.hidden = true; b.setAttribute('data-own', ''); } };
  document.addEventListener('chop:swapped', scripted);
  scripted();
})();
