// Runs before the page is painted, so that a folded menu does not jump and hidden marks do not flash.
(function () {
  'use strict';
  try { if (localStorage.chopNav === 'rail') document.documentElement.dataset.nav = 'rail'; if (localStorage.chopMarks === 'off') document.documentElement.dataset.marks = 'off'; } catch (e) { /* storage is off */ }
})();
