// What a page of many rows would be slow with stands in <noscript class="later">: a browser
// without scripts shows it at once. later makes each of these part of the page as it comes within
// a margin of the window, lets taken see it first where that is given, and returns what does so with all of them.
function later(margin, taken) {
  'use strict';
  const put = waiting => {
    const body = parsed(waiting);
    taken?.(body);
    waiting.replaceWith(...body.childNodes);
  };
  const all = () => document.querySelectorAll('noscript.later');
  const near = new IntersectionObserver(seen => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      for (const waiting of target.querySelectorAll('noscript.later')) put(waiting);
    }
  }, { rootMargin: margin });
  for (const waiting of all()) near.observe(waiting.parentElement);
  return () => { for (const waiting of all()) put(waiting); };
}

// parsed is what stands in a noscript.
function parsed(waiting) { return new DOMParser().parseFromString(waiting.textContent, 'text/html').body; }

// named is the id that the address names, empty without one.
function named() { try { return decodeURIComponent(location.hash.slice(1)); } catch { return ''; } }

