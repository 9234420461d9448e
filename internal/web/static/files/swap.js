// Swap: brings parts of a fresh page into the one that is open, keeping focus, scroll, selection, open <details> and
// text being typed. Links and forms with data-into="id id" are followed without a full load. Everything works without it.
(() => {
  'use strict';
  const ChOP = window.ChOP = {};
  const keyOf = (n) => n.nodeType === 1 ? n.id || n.dataset.id || '' : '';
  const same = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
  const typed = (e) => /^(TEXTAREA|INPUT)$/.test(e.nodeName) && !/^(checkbox|radio|hidden|submit|button)$/.test(e.type)
    && (e === document.activeElement || e.value !== e.defaultValue);

  function attributes(from, to) {
    if (from.hasAttribute('data-own')) return; // a person changed it here: a revealed text, a pressed switch
    for (const a of [...from.attributes]) {
      if (a.name === 'open' || a.name === 'aria-busy' || to.hasAttribute(a.name)) continue;
      from.removeAttribute(a.name);
    }
    for (const a of to.attributes) {
      if (a.name !== 'open' && from.getAttribute(a.name) !== a.value) from.setAttribute(a.name, a.value);
    }
  }

  function children(from, to) {
    const kept = new Map();
    for (const c of from.children) if (keyOf(c)) kept.set(keyOf(c), c);
    let cursor = from.firstChild;
    for (const want of [...to.childNodes]) {
      let have = null;
      if (keyOf(want)) { const k = kept.get(keyOf(want)); if (k && same(k, want)) have = k; }
      else {
        have = cursor;
        while (have && (keyOf(have) || !same(have, want))) have = have.nextSibling;
      }
      if (!have) { from.insertBefore(document.importNode(want, true), cursor); continue; }
      if (have === cursor) cursor = cursor.nextSibling;
      else from.insertBefore(have, cursor);
      node(have, want);
    }
    while (cursor) { const next = cursor.nextSibling; cursor.remove(); cursor = next; }
  }

  function node(from, to) {
    if (from.isEqualNode(to)) return;
    if (from.nodeType !== 1) { if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue; return; }
    if (typed(from)) return;
    attributes(from, to);
    children(from, to);
  }

  // morph makes `from` look like `to` and keeps what a person is doing in it.
  ChOP.morph = (from, to) => {
    const active = document.activeElement, sel = active && 'selectionStart' in active ? [active.selectionStart, active.selectionEnd] : null;
    node(from, to);
    if (active && active !== document.body && active !== document.activeElement && document.contains(active)) {
      active.focus({ preventScroll: true });
      if (sel && sel[0] !== null) active.setSelectionRange(sel[0], sel[1]);
    }
    document.dispatchEvent(new CustomEvent('chop:swapped', { detail: from }));
  };

  // fetchPage answers {doc, url, ok}; doc is null when the answer is no page.
  ChOP.fetchPage = async (url, init) => {
    const res = await fetch(url, Object.assign({ credentials: 'same-origin', headers: { Accept: 'text/html' } }, init));
    const html = (res.headers.get('Content-Type') || '').startsWith('text/html');
    const doc = html ? new DOMParser().parseFromString(await res.text(), 'text/html') : null;
    return { doc, url: res.url, status: res.status, redirected: res.redirected };
  };

  const layout = (d) => d.body.dataset.layout || '';

  // bring puts the named parts of a page into this one; false when the page is of another kind and must be opened whole.
  function bring(doc, ids) {
    if (!doc || layout(doc) !== layout(document)) return false;
    let found = ids.filter((id) => doc.getElementById(id) && document.getElementById(id));
    if (!found.length) found = ['main'];
    for (const id of found.concat('nav', 'bottombar', 'top')) {
      const from = document.getElementById(id), to = doc.getElementById(id);
      if (from && to && (found.includes(id) || !found.some((f) => document.getElementById(f).contains(from)))) ChOP.morph(from, to);
    }
    document.title = doc.title;
    const toasts = document.getElementById('toasts'), fresh = doc.getElementById('toasts');
    if (toasts && fresh) toasts.append(...[...fresh.children].map((c) => document.importNode(c, true)));
    document.dispatchEvent(new CustomEvent('chop:swapped', { detail: document.body }));
    return true;
  }

  let visiting = null;
  ChOP.visit = async (url, ids, push) => {
    if (visiting) visiting.abort();
    const mine = visiting = new AbortController();
    let page;
    try { page = await ChOP.fetchPage(url, { signal: mine.signal }); } catch (e) {
      if (e.name !== 'AbortError') location.assign(url);
      return;
    } finally { if (visiting === mine) visiting = null; }
    if (!bring(page.doc, ids)) { location.assign(page.url); return; }
    if (push) { history.replaceState({ ids }, ''); history.pushState({ ids }, '', page.url); }
    arrive(new URL(url, location.href).hash.slice(1));
  };

  // A link to a part of the page leads there, as it does without this script: the part comes into view, and the keyboard
  // and the screen reader go on from it.
  function arrive(id) {
    const part = id && document.getElementById(id);
    if (!part) return;
    const top = part.getBoundingClientRect().top;
    if (top < 0 || top > innerHeight / 2) part.scrollIntoView({ block: 'start' });
    part.tabIndex = -1;
    part.focus({ preventScroll: true });
  }

  const idsOf = (e) => e.dataset.into.split(/\s+/).filter(Boolean);
  document.addEventListener('click', (e) => {
    const a = e.target.closest('a[data-into]');
    if (!a || e.defaultPrevented || e.button || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey || a.origin !== location.origin) return;
    e.preventDefault();
    document.dispatchEvent(new CustomEvent('chop:follow', { detail: a }));
    ChOP.visit(a.href, idsOf(a), true);
  });

  async function send(form, by) {
    const data = new FormData(form, by), method = ((by && by.getAttribute('formmethod')) || form.method).toLowerCase();
    const url = new URL((by && by.hasAttribute('formaction') ? by.formAction : form.action) || location.href, location.href);
    const body = form.enctype === 'multipart/form-data' ? data : new URLSearchParams(data);
    if (method === 'get') { url.search = new URLSearchParams(data); return ChOP.visit(url.href, idsOf(form), true); }
    form.setAttribute('aria-busy', 'true');
    try {
      const page = await ChOP.fetchPage(url, { method: 'POST', body });
      const dialog = form.closest('dialog');
      if (page.status < 400) { form.reset(); if (dialog) dialog.close(); }
      if (!bring(page.doc, idsOf(form))) { location.assign(page.redirected ? page.url : location.href); return; }
      if (page.redirected && page.url !== location.href) history.pushState({ ids: idsOf(form) }, '', page.url);
    } catch (err) {
      document.dispatchEvent(new CustomEvent('chop:unsent'));
    } finally { form.removeAttribute('aria-busy'); delete form.dataset.sent; }
  }

  // A form is sent once: a second tap while the first is on its way does nothing.
  document.addEventListener('submit', (e) => {
    const f = e.target;
    if (e.defaultPrevented || f.method === 'dialog') return;
    if (f.dataset.sent) { e.preventDefault(); return; }
    if (f.method === 'post') { f.dataset.sent = '1'; setTimeout(() => delete f.dataset.sent, 5000); } // a file may come back
    if (f.dataset.into === undefined) return;
    e.preventDefault();
    send(f, e.submitter);
  });
  addEventListener('pageshow', () => document.querySelectorAll('form[data-sent]').forEach((f) => delete f.dataset.sent));
  addEventListener('popstate', (e) => { if (e.state && e.state.ids) ChOP.visit(location.href, e.state.ids, false); else location.reload(); });
})();
