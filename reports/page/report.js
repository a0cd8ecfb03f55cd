// What waits is made part of the page where it is needed: near the window, named by the address,
// searched or printed. Then search, filters and deep links. The page is whole without them.
(() => {
  'use strict';
  const by = id => document.getElementById(id);
  const rules = []; // {element, words, body, was} of every rule that is part of the page

  // Bodies of rules wait until they are opened.
  const whole = later('600px', body => {
    for (const element of body.querySelectorAll('details.rule')) {
      const rule = { element, words: element.textContent.toLowerCase(), body: element.querySelector('.body'), was: false };
      rule.body.remove();
      element.addEventListener('toggle', () => { if (element.open) fill(rule); });
      rules.push(rule);
    }
  });
  const fill = rule => { if (!rule.body.isConnected) rule.element.append(rule.body); };

  // open shows what the address names, also where a filter hides it.
  const open = () => {
    const id = named();
    if (!id) return;
    if (!by(id)) whole();
    const within = body => [...body.querySelectorAll('[id]')].some(part => part.id === id);
    const rule = rules.find(({ element, body }) => element.id === id || within(body));
    if (rule) {
      if (rule.element.hidden) { by('tools').reset(); filter(); }
      fill(rule);
      rule.element.open = true;
    }
    by(id)?.scrollIntoView();
  };

  const filter = () => {
    whole();
    const words = by('search').value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = id => by(id)?.value ?? '';
    const topic = chosen('topic'), framework = chosen('framework'), outcome = chosen('outcome'), severity = chosen('severity');
    let shown = 0;
    for (const rule of rules) {
      const data = rule.element.dataset;
      const fits = (!topic || rule.element.parentElement.id === topic) && (!framework || data.frameworks.split(' ').includes(framework))
        && (!outcome || data.outcome === outcome) && (!severity || data.severity === severity) && words.every(word => rule.words.includes(word));
      rule.element.hidden = !fits;
      if (fits) shown++;
    }
    for (const topic of document.querySelectorAll('.topic')) topic.hidden = !topic.querySelector('details.rule:not([hidden])');
    by('shown').textContent = shown === rules.length ? `All ${rules.length} rules are shown.` : `${shown} of ${rules.length} rules are shown.`;
  };

  const all = state => {
    whole();
    for (const rule of rules) {
      if (rule.element.hidden) continue;
      fill(rule);
      rule.element.open = state;
    }
  };

  if (document.querySelector('.topic')) {
    by('tools').hidden = false;
    by('tools').addEventListener('submit', event => event.preventDefault());
    by('search').addEventListener('input', filter);
    by('tools').addEventListener('change', filter);
    by('expand').addEventListener('click', () => all(true));
    by('collapse').addEventListener('click', () => all(false));
  }
  addEventListener('hashchange', open);
  open();

  // A closed rule would be missing on paper.
  addEventListener('beforeprint', () => {
    whole();
    for (const rule of rules) { fill(rule); rule.was = rule.element.open; rule.element.open = true; }
  });
  addEventListener('afterprint', () => { for (const rule of rules) rule.element.open = rule.was; });
})();
