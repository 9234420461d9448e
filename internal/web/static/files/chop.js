// ChOP: keys, dialogs, toasts, clocks. A page can be read and used without this file.
(() => {
  'use strict';
  const root = document.documentElement, ChOP = window.ChOP;
  const $ = (s, e) => (e || document).querySelector(s), $$ = (s, e) => [...(e || document).querySelectorAll(s)];
  const word = (k) => { const t = $('#texts'); return (t && t.dataset[k]) || ''; };
  const store = {
    get: (k) => { try { return localStorage[k]; } catch (e) { return undefined; } },
    set: (k, v) => { try { localStorage[k] = v; } catch (e) { /* storage is off */ } },
  };

  /* --- theme: system, light, dark; the server remembers it ---------------------- */
  const themes = ['', 'light', 'dark'];
  function paintTheme() {
    const name = word('theme' + (root.dataset.theme || 'system'));
    $$('[data-act=theme].icon-btn').forEach((b) => b.setAttribute('aria-label', word('theme').replace('%', name)));
    return name;
  }
  function nextTheme() {
    const v = themes[(themes.indexOf(root.dataset.theme || '') + 1) % 3], form = $('#prefs');
    if (v) root.dataset.theme = v; else delete root.dataset.theme;
    toast(word('themenow').replace('%', paintTheme()));
    if (form) fetch(form.action, { method: 'POST', body: new URLSearchParams({ theme: v || 'system' }), keepalive: true, redirect: 'manual' }).catch(() => {});
  }

  /* --- toasts: 10 s with undo, 5 s without; they wait under pointer and focus ----- */
  const RING = 2 * Math.PI * 9;
  function adopt(el) {
    if (el.dataset.adopted) return;
    el.dataset.adopted = '1';
    const whole = $('[data-undo]', el) ? 10 : 5, fg = $('.fg', el);
    let left = whole, hold = false;
    const done = () => { clearInterval(tick); el.remove(); };
    for (const e of ['mouseenter', 'focusin']) el.addEventListener(e, () => { hold = true; });
    for (const e of ['mouseleave', 'focusout']) el.addEventListener(e, () => { hold = false; });
    const x = $('.x', el);
    if (x) { x.hidden = false; x.addEventListener('click', done); }
    if (fg) fg.setAttribute('stroke-dasharray', RING);
    const tick = setInterval(() => {
      if (hold || document.hidden) return;
      left -= .25;
      if (fg) fg.setAttribute('stroke-dashoffset', RING * (1 - left / whole));
      if (left <= 0) done();
    }, 250);
  }
  function toast(title, sub) {
    const box = $('#toasts'), tpl = $('#tpl-toast');
    if (!box || !tpl || !title) return;
    const el = tpl.content.firstElementChild.cloneNode(true);
    $('b', el).textContent = title;
    $('.sub', el).textContent = sub || '';
    box.append(el); adopt(el);
  }
  ChOP.toast = toast;
  document.addEventListener('chop:unsent', () => toast(word('unsent'), word('unsentsub')));

  /* --- clocks: the server wrote the text, this keeps it true ------------------------ */
  const born = Date.parse(root.dataset.now);
  if (born) ChOP.offset = born - Date.now();
  function span(s) {
    const h = Math.floor(s / 3600), m = Math.floor(s % 3600 / 60), n = '\u00a0';
    if (s >= 172800) return Math.floor(s / 86400) + n + word('days');
    return h ? h + n + 'h' + (m ? ' ' + m + n + 'min' : '') : m + n + 'min';
  }
  function clocks() {
    const now = Date.now() + ChOP.offset;
    for (const e of $$('[data-clock]')) {
      const s = Math.floor((Date.parse(e.dataset.clock) - now) / 1000), until = e.dataset.kind === 'until', face = e.closest('.clock');
      if (isNaN(s)) continue;
      const text = span(Math.abs(s)), next = !until ? text : word(s < 0 ? 'late' : 'left').replace('%', text);
      if (e.textContent !== next) e.textContent = next;
      if (!until || !face) continue;
      face.classList.toggle('clock-late', s < 0);
      face.classList.toggle('clock-soon', s >= 0 && s < 900);
    }
  }

  /* --- lists: j and k walk, x selects ------------------------------------------------ */
  const rows = () => $$('.mi'), link = (li) => $('.hd a', li) || $('a', li);
  const current = () => $('.mi[data-on]'), nameOf = (li) => li.dataset.id || li.id;
  let chosen = '';
  // remark keeps the chosen row marked when a fresh list comes in that does not know it.
  function remark() {
    const li = chosen && !current() && rows().find((e) => nameOf(e) === chosen);
    if (li) { li.setAttribute('data-on', ''); link(li).setAttribute('aria-current', 'true'); }
  }
  function mark(li) {
    chosen = nameOf(li);
    for (const e of rows()) { e.removeAttribute('data-on'); link(e).removeAttribute('aria-current'); }
    li.setAttribute('data-on', ''); link(li).setAttribute('aria-current', 'true');
    li.scrollIntoView({ block: 'nearest' });
  }
  function step(d) {
    const l = rows(), k = l.indexOf(current()), li = l[Math.max(0, Math.min(l.length - 1, k + d))];
    if (!li || li === current()) return;
    mark(li);
    if (innerWidth > 800) link(li).click(); else link(li).focus();
  }
  document.addEventListener('chop:follow', (e) => {
    const li = e.detail.closest('.mi'), box = $('.inbox');
    if (!li) return;
    mark(li);
    if (box && innerWidth <= 800) { box.dataset.view = 'item'; box.setAttribute('data-own', ''); scrollTo(0, 0); }
  });
  document.addEventListener('change', (e) => {
    if (e.target.dataset.act === 'keys-on') store.set('chopKeys', e.target.checked ? '' : 'off');
    if (e.target.dataset.act === 'submit') e.target.form.requestSubmit();
    if (!e.target.matches('.mi input[type=checkbox]')) return;
    const bar = $('.bulk:not(noscript *)'), n = $$('.mi input:checked').length;
    if (!bar) return;
    bar.hidden = !n; bar.setAttribute('data-own', '');
    const out = $('[data-n]', bar);
    if (out) out.textContent = n;
  });

  /* --- clicks ------------------------------------------------------------------------- */
  function open(id) { const d = document.getElementById(id); if (d && !d.open) d.showModal(); return d; }
  function palette() {
    const d = $('#cmdk'), input = $('#cmdq');
    if (!d) return;
    hereCommands(); input.value = ''; filter(''); open('cmdk'); input.focus();
  }
  const acts = {
    theme: nextTheme,
    cmdk: palette,
    keys: () => open('keys'),
    more: () => open('more'),
    print: () => print(),
    rail: () => { const on = root.dataset.nav !== 'rail'; if (on) root.dataset.nav = 'rail'; else delete root.dataset.nav; store.set('chopNav', on ? 'rail' : ''); },
    full: (b) => { const on = $('.inbox').toggleAttribute('data-full'); b.setAttribute('aria-pressed', String(on)); b.setAttribute('data-own', ''); },
    back: (b, e) => { const box = $('.inbox'); if (!box) return; e.preventDefault(); box.dataset.view = 'list'; box.setAttribute('data-own', ''); const on = current(); if (on) link(on).focus(); },
    reveal: (b) => {
      const t = document.getElementById(b.getAttribute('aria-controls')), shown = !t.classList.toggle('blur');
      b.setAttribute('aria-expanded', String(shown)); b.setAttribute('data-own', ''); t.setAttribute('data-own', '');
      if (shown) { t.removeAttribute('inert'); } else { t.setAttribute('inert', ''); }
    },
    pause: (b) => {
      const on = b.getAttribute('aria-pressed') !== 'true', r = document.getElementById(b.getAttribute('aria-controls'));
      b.setAttribute('aria-pressed', String(on)); b.setAttribute('data-own', '');
      if (r) { r.toggleAttribute('data-paused', on); r.classList.toggle('live-paused', on); r.setAttribute('data-own', ''); }
      if (!on) ChOP.refreshStale();
    },
    reader: (b) => {
      const t = document.getElementById(b.getAttribute('aria-controls'));
      for (const x of $$('[data-act=reader]', b.parentNode)) { x.setAttribute('aria-pressed', String(x === b)); x.setAttribute('data-own', ''); }
      t.classList.toggle('reader', b.dataset.reader === 'on'); t.setAttribute('data-own', '');
    },
    copy: async (b) => {
      const from = document.getElementById(b.getAttribute('aria-controls'));
      try { await navigator.clipboard.writeText(from.value || from.textContent.trim()); toast(word('copied')); } catch (e) { toast(word('notcopied')); }
    },
  };
  document.addEventListener('click', (e) => {
    for (const m of $$('details.menu[open]')) if (!m.contains(e.target)) m.open = false;
    const b = e.target.closest('[data-act],[data-ask],[data-close],[aria-disabled=true]');
    if (!b) return;
    if (b.getAttribute('aria-disabled') === 'true') { e.preventDefault(); toast(b.dataset.why || word('locked')); return; }
    if (acts[b.dataset.act]) { if (b.type === 'submit') e.preventDefault(); acts[b.dataset.act](b, e); }
    if (b.dataset.ask) { e.preventDefault(); open(b.dataset.ask); }
    if (b.hasAttribute('data-close')) { const d = b.closest('dialog'); if (d) d.close(); }
  }, true);

  /* --- palette ------------------------------------------------------------------------- */
  const entries = () => $$('#cmdk li:not([hidden])>a,#cmdk li:not([hidden])>button');
  function hereCommands() {
    const group = $('#cmdk-here');
    if (!group) return;
    $$('#cmdk li[data-here]').forEach((e) => e.remove());
    const found = $$('[data-key]').filter((b) => b.checkVisibility() && b.getAttribute('aria-disabled') !== 'true');
    group.hidden = !found.length;
    let last = group;
    for (const b of found) {
      const li = document.createElement('li'), btn = document.createElement('button'), icon = $('svg.i', b), k = document.createElement('kbd');
      li.dataset.here = ''; btn.type = 'button'; k.className = 'kbd'; k.textContent = b.dataset.key;
      const name = document.createElement('span'); name.textContent = ($('b', b) || b).textContent.trim();
      if (icon) btn.append(icon.cloneNode(true));
      btn.append(name, k); li.append(btn); last.after(li); last = li;
      btn.addEventListener('click', () => { $('#cmdk').close(); b.click(); });
    }
  }
  function filter(q) {
    q = q.trim().toLowerCase();
    for (const li of $$('#cmdk li')) {
      if (li.dataset.search !== undefined) { li.hidden = !q; $('[data-q]', li).textContent = q; continue; }
      if (li.id === 'cmdk-here' && !q) continue;
      li.hidden = !!q && (li.classList.contains('grp') || !li.textContent.toLowerCase().includes(q));
    }
  }
  document.addEventListener('input', (e) => { if (e.target.id === 'cmdq') filter(e.target.value); });
  document.addEventListener('keydown', (e) => {
    if (!e.target.closest || !e.target.closest('#cmdk') || !/^(ArrowDown|ArrowUp|Enter)$/.test(e.key)) return;
    const l = entries(), k = l.indexOf(document.activeElement);
    if (e.key === 'Enter') { if (e.target.id === 'cmdq' && l[0]) { e.preventDefault(); l[0].click(); } return; }
    e.preventDefault();
    (l[k + (e.key === 'ArrowDown' ? 1 : -1)] || $('#cmdq')).focus();
  });

  /* --- keyboard --------------------------------------------------------------------------- */
  const writing = (t) => /^(TEXTAREA|SELECT)$/.test(t.tagName) || (t.tagName === 'INPUT' && !/^(checkbox|radio|button|submit)$/.test(t.type)) || t.isContentEditable;
  let g = 0;
  function go(k) { const a = $('[data-go="' + k + '"]'); if (a) a.click(); return !!a; }
  function key(e) {
    const k = e.key;
    if (g && Date.now() - g < 900) { g = 0; if (go(k)) return; }
    if (k === 'g') { g = Date.now(); return; }
    if (k === '?') { e.preventDefault(); open('keys'); return; }
    if (k === '/') { e.preventDefault(); palette(); return; }
    if (k === 't') { nextTheme(); return; }
    if (k === 'z') { const u = $$('.toast [data-undo]').pop(); if (u) u.click(); return; }
    if (k === 'j' || k === 'k') { step(k === 'j' ? 1 : -1); return; }
    if (k === 'x') { const c = current() && $('input[type=checkbox]', current()); if (c) c.click(); return; }
    if (k === 'Enter' && document.activeElement === document.body && current()) { link(current()).click(); return; }
    if (!/^[a-z1-9]$/.test(k)) return;
    const b = $$('[data-key="' + k + '"]').find((x) => x.checkVisibility());
    if (b) { e.preventDefault(); b.click(); }
  }
  document.addEventListener('keydown', (e) => {
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'k') { e.preventDefault(); palette(); return; }
    if (e.key === 'Escape') { for (const m of $$('details.menu[open]')) { m.open = false; $('summary', m).focus(); } return; }
    if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || writing(e.target) || $('dialog[open]')) return;
    if (store.get('chopKeys') === 'off' && e.key !== '?') return;
    key(e);
  });

  function start() {
    paintTheme();
    $$('.toast').forEach(adopt);
    const on = $('[data-act=keys-on]');
    if (on) on.checked = store.get('chopKeys') !== 'off';
    clocks();
  }
  document.addEventListener('chop:swapped', () => { remark(); $$('.toast').forEach(adopt); paintTheme(); clocks(); });
  start();
  setInterval(clocks, 5000);
})();
