// Search, filters and deep links. The page is whole without them.
(() => {
  'use strict';
  const by = id => document.getElementById(id);
  const rules = Array.from(document.querySelectorAll('details.rule'), element => ({
    element, words: element.textContent.toLowerCase(), was: false,
  }));
  const topics = Array.from(document.querySelectorAll('.topic'));

  // open shows the rule that the address names, also where a filter hides it.
  const open = () => {
    let id = '';
    try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    const target = id && by(id);
    if (!target || !target.matches('details.rule')) return;
    if (target.hidden) { by('tools').reset(); filter(); }
    target.open = true;
    target.scrollIntoView();
  };

  const filter = () => {
    const words = by('search').value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcome = by('outcome').value, severity = by('severity').value;
    let shown = 0;
    for (const rule of rules) {
      const data = rule.element.dataset;
      const fits = (!outcome || data.outcome === outcome) && (!severity || data.severity === severity) && words.every(word => rule.words.includes(word));
      rule.element.hidden = !fits;
      if (fits) shown++;
    }
    for (const topic of topics) topic.hidden = !topic.querySelector('details.rule:not([hidden])');
    by('shown').textContent = shown === rules.length ? `All ${rules.length} rules are shown.` : `${shown} of ${rules.length} rules are shown.`;
  };

  const all = state => { for (const rule of rules) if (!rule.element.hidden) rule.element.open = state; };

  if (rules.length) {
    by('tools').hidden = false;
    by('tools').addEventListener('submit', event => event.preventDefault());
    by('search').addEventListener('input', filter);
    by('outcome').addEventListener('change', filter);
    by('severity').addEventListener('change', filter);
    by('expand').addEventListener('click', () => all(true));
    by('collapse').addEventListener('click', () => all(false));
    filter();
  }
  addEventListener('hashchange', open);
  open();

  // A closed rule would be missing on paper.
  addEventListener('beforeprint', () => { for (const rule of rules) { rule.was = rule.element.open; rule.element.open = true; } });
  addEventListener('afterprint', () => { for (const rule of rules) rule.element.open = rule.was; });
})();
