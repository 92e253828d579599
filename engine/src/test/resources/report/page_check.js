// What is wrong with the page as it is shown now: a list of sentences. An expression, to be evaluated in the page.
(() => {
  const defects = [];
  const windowWidth = document.documentElement.clientWidth;
  const inPrint = matchMedia('print').matches;
  /** A pixel: boxes have fractions. */
  const ROOM = 1;

  const named = element => {
    const kind = element.getAttribute('class');
    const text = (element.textContent || '').replace(/\s+/g, ' ').trim().slice(0, 40);
    return element.tagName.toLowerCase() + (kind ? '.' + kind.trim().replace(/\s+/g, '.') : '') + (text ? ` '${text}'` : '');
  };

  const ancestors = function* (element) {
    for (let e = element; e; e = e.parentElement) {
      yield e;
    }
  };

  /** Inside something that everybody can scroll, also by keys, and that says what it is. Paper cannot be scrolled. */
  const canBeScrolledTo = element => !inPrint && [...ancestors(element.parentElement)].some(e =>
      ['auto', 'scroll'].includes(getComputedStyle(e).overflowX) && e.tabIndex >= 0 && e.getAttribute('aria-label'));

  const isShown = element => element.getClientRects().length > 0 && getComputedStyle(element).visibility === 'visible';

  const checkBox = element => {
    const box = element.getBoundingClientRect();
    if ((box.right > windowWidth + ROOM || box.left < -ROOM) && !canBeScrolledTo(element)) {
      defects.push(`beyond the edge: ${named(element)}`);
    }
    const style = getComputedStyle(element);
    const cuts = overflow => ['hidden', 'clip'].includes(overflow);
    if (element.textContent.trim()
        && (cuts(style.overflowX) && element.scrollWidth > element.clientWidth + ROOM
            || cuts(style.overflowY) && element.scrollHeight > element.clientHeight + ROOM)) {
      defects.push(`cut off: ${named(element)}`);
    }
  };

  /** Words must stay in the box that they are set in; blanks at the end of a line may hang out of it. */
  const checkText = (node, parent) => {
    const range = document.createRange();
    const rectangles = [...node.textContent.matchAll(/\S+/g)].flatMap(word => {
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      return [...range.getClientRects()];
    });
    const block = [...ancestors(parent)].find(e => !['inline', 'contents'].includes(getComputedStyle(e).display));
    const box = block.getBoundingClientRect();
    if (rectangles.some(r => r.right > box.right + ROOM || r.left < box.left - ROOM)) {
      defects.push(`text beyond its box: ${named(parent)}`);
    }
  };

  const checkChart = svg => {
    const title = svg.querySelector(':scope > title');
    const name = svg.getAttribute('aria-label') || title && title.textContent;
    if (svg.getAttribute('role') !== 'img' || !name || !name.trim()) {
      defects.push(`no text says what is shown: ${named(svg)}`);
    }
    const texts = [...svg.querySelectorAll('text')].filter(isShown).map(t => ({t, r: t.getBoundingClientRect()}));
    texts.forEach((a, i) => texts.slice(i + 1).forEach(b => {
      if (Math.min(a.r.right, b.r.right) - Math.max(a.r.left, b.r.left) > ROOM
          && Math.min(a.r.bottom, b.r.bottom) - Math.max(a.r.top, b.r.top) > 3 * ROOM) {
        defects.push(`texts on each other: ${named(a.t)} and ${named(b.t)}`);
      }
    }));
  };

  /** Red, green, blue from 0 to 255 and opacity. */
  const colour = text => {
    const parts = (text.match(/[\d.]+/g) || []).map(Number);
    return text === 'none' || parts.length < 3 ? [0, 0, 0, 0] : [parts[0], parts[1], parts[2], parts[3] ?? 1];
  };

  const over = (front, back, opacity) => front.slice(0, 3).map((c, i) => c * opacity + back[i] * (1 - opacity));

  /** Browsers print no backgrounds unless they are told to. */
  const background = element => {
    const layers = [...ancestors(element)]
        .filter(e => !inPrint || getComputedStyle(e).printColorAdjust === 'exact')
        .map(e => colour(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((back, layer) => over(layer, back, layer[3]), [255, 255, 255]);
  };

  /** WCAG 2: relative luminance and contrast. */
  const luminance = rgb => {
    const [r, g, b] = rgb.map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };

  const checkLegible = parent => {
    const style = getComputedStyle(parent);
    const back = background(parent);
    const ink = colour(parent.closest('svg') ? style.fill : style.color);
    const opacity = [...ancestors(parent)].reduce((all, e) => all * Number(getComputedStyle(e).opacity), ink[3]);
    const [low, high] = [luminance(over(ink, back, opacity)), luminance(back)].sort((a, b) => a - b);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < (large ? 3 : 4.5)) {
      defects.push(`contrast of ${contrast.toFixed(2)}: ${named(parent)}`);
    }
  };

  if (document.documentElement.scrollWidth > windowWidth) {
    defects.push(`the page is ${document.documentElement.scrollWidth} pixels wide, the window ${windowWidth}`);
  }
  for (const element of document.body.querySelectorAll('*')) {
    if (isShown(element)) {
      checkBox(element);
    }
  }
  for (const svg of document.querySelectorAll('svg')) {
    if (!svg.parentElement.closest('svg')) {
      checkChart(svg);
    }
  }
  for (const picture of document.querySelectorAll('img, canvas, video, object')) {
    if (!(picture.getAttribute('alt') || picture.getAttribute('aria-label') || picture.textContent).trim()) {
      defects.push(`no text says what is shown: ${named(picture)}`);
    }
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const parent = texts.currentNode.parentElement;
    if (texts.currentNode.textContent.trim() && !parent.closest('script, style, title, desc') && isShown(parent)) {
      checkText(texts.currentNode, parent);
      checkLegible(parent);
    }
  }
  return defects;
})()
