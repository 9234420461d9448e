// Picks labels by key on the page of a blind sample, and sends with Enter. Everything works without it.
(() => {
  'use strict';
  const form = () => document.querySelector('form[data-blind]');
  document.addEventListener('keydown', (e) => {
    const f = form(), t = e.target;
    if (!f || e.ctrlKey || e.metaKey || e.altKey || e.repeat || document.querySelector('dialog[open]')) return;
    if (/^(SELECT|TEXTAREA)$/.test(t.tagName) || (t.tagName === 'INPUT' && !/^(checkbox|radio)$/.test(t.type))) return;
    if (e.key === 'Enter' && !/^(BUTTON|A|SUMMARY)$/.test(t.tagName)) { e.preventDefault(); e.stopPropagation(); f.requestSubmit(); return; }
    const box = /^[0-9a-z]$/.test(e.key) && f.querySelector('[data-pick="' + e.key + '"]');
    if (!box) return;
    e.preventDefault();
    e.stopPropagation(); // the letters of the house rest here
    box.checked = !box.checked;
    box.focus();
  }, true);
})();
