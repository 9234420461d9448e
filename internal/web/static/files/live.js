// Live: one stream per page says which topics changed; the regions that show them are fetched again and swapped in.
(() => {
  'use strict';
  const ChOP = window.ChOP, all = (s) => [...document.querySelectorAll(s)];
  const DEBOUNCE = 300, PAUSE = 1500, QUIET = 60000, PATIENCE = 4000;
  let source = null, asked = '', lost = null, backoff = 2000, away = null, beatEvery = 0, watchdog = null;
  ChOP.offset = 0; // server clock minus this machine's

  const topicsOf = (r) => r.dataset.live.split(/\s+/).filter(Boolean);
  const wanted = () => [...new Set(all('[data-live]').flatMap(topicsOf))].sort().join(',');

  /* --- regions: those that come from one address are fetched together ---------- */
  const jobs = new Map(); // address -> {ids, timer, busy, last}
  const addressOf = (r) => r.dataset.src || location.pathname + location.search;
  function ask(region) {
    const url = addressOf(region), j = jobs.get(url) || { ids: new Set(), last: 0 };
    jobs.set(url, j);
    j.ids.add(region.id);
    if (!j.busy) plan(url, j);
  }
  function plan(url, j) {
    clearTimeout(j.timer);
    j.timer = setTimeout(() => refresh(url, j), Math.max(DEBOUNCE, j.last + PAUSE - Date.now()));
  }

  const selecting = (region) => {
    const s = getSelection();
    return s && !s.isCollapsed && s.rangeCount && region.contains(s.getRangeAt(0).commonAncestorContainer);
  };
  const waits = (region) => document.hidden || region.hasAttribute('data-paused') || selecting(region);
  const regionsOf = (ids) => [...ids].map((id) => document.getElementById(id)).filter(Boolean);

  async function refresh(url, j) {
    const ids = j.ids, now = regionsOf(ids).filter((r) => addressOf(r) === url);
    j.ids = new Set();
    for (const r of now) if (waits(r)) r.dataset.stale = '';
    const due = now.filter((r) => !waits(r));
    if (!due.length) { jobs.delete(url); return; }
    j.busy = true;
    try {
      const page = await ChOP.fetchPage(url, { headers: { Accept: 'text/html', 'ChOP-Part': due.map((r) => r.id).join(' ') } });
      if (page.status === 401 || (page.doc && page.doc.body.dataset.layout && page.doc.body.dataset.layout !== document.body.dataset.layout)) trouble('out');
      else if (page.doc && page.status < 400) put(due, page.doc);
    } catch (e) { due.forEach((r) => { r.dataset.stale = ''; }); } finally { j.busy = false; j.last = Date.now(); }
    if (j.ids.size) plan(url, j);
  }
  function put(regions, doc) {
    for (const r of regions) {
      const fresh = doc.getElementById(r.id);
      if (!fresh || !r.isConnected) continue;
      if (waits(r)) { r.dataset.stale = ''; continue; }
      delete r.dataset.stale;
      ChOP.morph(r, fresh);
    }
  }

  const refreshAll = () => all('[data-live]').forEach(ask);
  const refreshStale = () => all('[data-live][data-stale]').forEach((r) => { if (!r.hasAttribute('data-paused')) ask(r); });
  ChOP.refreshStale = refreshStale;

  /* --- the stream ------------------------------------------------------------- */
  function connect() {
    const url = document.body.dataset.liveUrl, topics = wanted();
    if (!url || !topics) { disconnect(); return; }
    if (source && topics === asked) return;
    disconnect();
    asked = topics;
    source = new EventSource(url + '?topics=' + encodeURIComponent(topics));
    source.addEventListener('open', () => { if (lost || backoff > 2000) refreshAll(); backoff = 2000; fine(); });
    source.addEventListener('error', broken);
    source.addEventListener('change', (e) => {
      heard();
      const changed = JSON.parse(e.data).topics || [];
      all('[data-live]').forEach((r) => { if (topicsOf(r).some((t) => changed.includes(t))) ask(r); });
    });
    source.addEventListener('beat', (e) => {
      const now = Date.parse(JSON.parse(e.data).now);
      if (now) ChOP.offset = now - Date.now();
      beatEvery = 45000; heard();
    });
  }
  function disconnect() { if (source) source.close(); source = null; asked = ''; clearTimeout(watchdog); }

  // A stream that stays open and says nothing is as good as lost: the server beats every 20 s.
  function heard() { clearTimeout(watchdog); if (beatEvery) watchdog = setTimeout(broken, beatEvery); }

  function broken() {
    if (!lost) lost = setTimeout(() => trouble('off'), PATIENCE);
    if (source && source.readyState === EventSource.CONNECTING) return; // the browser retries by itself
    refreshAll(); // tells a lost session from a lost network
    disconnect();
    setTimeout(connect, backoff);
    backoff = Math.min(backoff * 2, 60000);
  }

  /* --- the quiet banner ---------------------------------------------------------- */
  let since = new Date(), out = false;
  function trouble(kind) {
    const b = document.getElementById('offline');
    if (!b || (out && kind === 'off')) return;
    out = kind === 'out';
    b.querySelectorAll('[data-when]').forEach((e) => { e.hidden = e.dataset.when !== kind; });
    b.querySelectorAll('[data-since]').forEach((e) => {
      e.textContent = since.toLocaleTimeString('pl', { hour: '2-digit', minute: '2-digit', timeZone: 'Europe/Warsaw' });
    });
    b.hidden = false;
  }
  function fine() {
    clearTimeout(lost); lost = null; out = false; since = new Date(Date.now() + ChOP.offset);
    const b = document.getElementById('offline');
    if (b) b.hidden = true;
    heard();
  }
  setInterval(() => { if (source && source.readyState === EventSource.OPEN && !lost) since = new Date(Date.now() + ChOP.offset); }, 15000);

  addEventListener('offline', () => { lost = lost || setTimeout(() => {}, 0); trouble('off'); });
  addEventListener('online', () => { disconnect(); backoff = 2001; connect(); });
  document.addEventListener('visibilitychange', () => {
    clearTimeout(away);
    if (document.hidden) { away = setTimeout(disconnect, QUIET); return; } // many open tabs must not eat all connections
    if (source) refreshStale(); else if (document.body.dataset.liveUrl && wanted()) { backoff = 2001; connect(); }
  });
  document.addEventListener('selectionchange', () => { if (getSelection().isCollapsed) refreshStale(); });
  document.addEventListener('chop:swapped', connect);
  addEventListener('pagehide', disconnect);
  addEventListener('pageshow', connect);
})();
