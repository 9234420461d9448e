// Runs before the page is painted, so that a folded menu does not jump.
(function () {
  'use strict';
  try { if (localStorage.chopNav === 'rail') document.documentElement.dataset.nav = 'rail'; } catch (e) { /* storage is off */ }
})();
