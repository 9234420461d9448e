// Counts the characters of a reply while it is written, and brings the opened item of a long thread into sight.
// Everything on the page works without it.
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
})();
