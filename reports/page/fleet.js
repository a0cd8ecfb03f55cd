// The tables of many tenants stand in <noscript>: a browser without scripts shows them at once.
// This script shows the tenants page by page, searches and filters them, and makes the other
// tables part of the page where they are needed: near the window, named by the address, or
// printed. The page is whole without it.
(() => {
  'use strict';
  const by = id => document.getElementById(id);
  const whole = later('400px');

  const open = () => {
    const id = named();
    if (id && !by(id)) whole();
    if (id) by(id)?.scrollIntoView();
  };
  addEventListener('hashchange', open);

  const source = document.querySelector('noscript.tenants');
  if (source) tenants(source);
  open();

  function tenants(source) {
    const size = 25;
    const nodes = [...parsed(source).childNodes];
    const table = nodes.find(node => node.querySelector)?.querySelector('table');
    const body = table.tBodies[0];
    const columns = table.dataset.columns.split(' ');
    const rows = [...body.rows].map(element => {
      const words = element.textContent.toLowerCase();
      const more = element.querySelector('.more');
      const fails = (more?.querySelector('.fails')?.textContent ?? '').split(' ');
      const groups = [...element.querySelectorAll('.group')].map(group => group.textContent);
      const details = element.querySelector('details');
      more?.remove(); // until it is opened
      details?.addEventListener('toggle', () => { if (details.open) details.append(more); });
      details?.addEventListener('pointermove', event => {
        const strip = details.querySelector('.strip').getBoundingClientRect();
        const rule = columns[Math.floor((event.clientX - strip.left) / strip.width * columns.length)];
        details.title = rule && rule !== '-' && event.clientY <= strip.bottom ? rule : '';
      });
      return { element, words, fails, groups };
    });
    body.replaceChildren();
    source.replaceWith(...nodes);

    let found = rows, first = 0;
    const show = () => {
      body.replaceChildren(...found.slice(first, first + size).map(row => row.element));
      const last = Math.min(first + size, found.length);
      const of = found.length === rows.length ? `${rows.length} tenants` : `${found.length} that fit, of ${rows.length} tenants`;
      by('shown').textContent = found.length ? `${first + 1} to ${last} of ${of}.` : `None of ${rows.length} tenants fits.`;
      by('pager').hidden = found.length <= size;
      by('back').disabled = first === 0;
      by('on').disabled = last === found.length;
    };
    const filter = () => {
      const chosen = id => by(id)?.value ?? '';
      const words = chosen('search').toLowerCase().split(/\s+/).filter(Boolean);
      const state = chosen('state'), change = chosen('change'), violates = chosen('violates'), group = chosen('group');
      found = rows.filter(({ element: { dataset }, words: text, fails, groups }) => (!state || dataset.state === state) && (!change || dataset.change === change)
        && (!violates || fails.includes(violates)) && (!group || groups.includes(group)) && words.every(word => text.includes(word)));
      first = 0;
      show();
    };
    const turn = by => { first += by * size; show(); table.scrollIntoView(); };

    for (const rule of table.dataset.violated.split(' ').filter(Boolean)) by('violates').append(new Option(rule));
    by('tools').hidden = false;
    by('tools').addEventListener('submit', event => event.preventDefault());
    by('search').addEventListener('input', filter);
    by('tools').addEventListener('change', filter);
    by('back').addEventListener('click', () => turn(-1));
    by('on').addEventListener('click', () => turn(1));
    // On paper all that fit are shown.
    addEventListener('beforeprint', () => { whole(); body.replaceChildren(...found.map(row => row.element)); });
    addEventListener('afterprint', show);
    show();
  }
})();
