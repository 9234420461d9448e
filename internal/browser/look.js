// What a visitor sees of a page. Runs in a world of its own: the page's scripts cannot change what is called here.
(selectors => {
	const size = e => { const r = e.getBoundingClientRect(); return r.width * r.height };
	const seen = e => e.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true }) && size(e) > 1;
	const some = (list, f) => Array.prototype.some.call(list, f);
	const all = s => { try { return [...document.querySelectorAll(s)] } catch { return [] } };
	const text = document.body?.innerText ?? "";
	let overlay = null;
	const w = innerWidth, h = innerHeight;
	for (const [x, y] of [[.5, .5], [.5, .25], [.5, .75], [.5, .95], [.2, .9]]) {
		for (let e = document.elementFromPoint(w * x, h * y); e && e !== document.body && e !== document.documentElement; e = e.parentElement) {
			const place = getComputedStyle(e).position;
			if ((place === "fixed" || place === "sticky" && e.tagName === "DIALOG" || e.tagName === "DIALOG") && size(e) > .12 * w * h) { overlay = e; break }
		}
		if (overlay) break;
	}
	if (overlay && overlay.innerText.length > 2500) overlay = null; // a page whose whole content is in a fixed box
	return {
		url: location.href, title: document.title, text: text.slice(0, 2000000),
		overlay: !!overlay, outside: Math.max(0, text.trim().length - (overlay?.innerText ?? "").trim().length),
		password: some(all("input[type=password]"), seen),
		pictures: all("img, video, canvas, svg, picture, object, embed").filter(e => { const r = e.getBoundingClientRect(); return r.width >= 60 && r.height >= 60 && seen(e) }).length,
		frames: all("iframe").filter(seen).map(e => e.src).slice(0, 100),
		shown: Object.fromEntries(selectors.map(s => [s, some(all(s), seen)])),
		height: Math.max(document.documentElement?.scrollHeight ?? 0, document.body?.scrollHeight ?? 0),
	};
})
