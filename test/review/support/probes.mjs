/**
 * What tests ask inside of a browser's page. Plain JavaScript, because only there is a document; each function is sent to the
 * page as its own text, and so uses nothing from here.
 */

/** @returns {{ page: number, screen: number, tables: boolean, letters: boolean }} */
export function widths() {
  return {
    page: document.documentElement.scrollWidth,
    screen: document.documentElement.clientWidth,
    tables: [...document.querySelectorAll('table')].every((one) => one.parentElement?.className === 'scroll'),
    // Without a font everything fits.
    letters: document.querySelector('a').getBoundingClientRect().width > 20,
  };
}

/**
 * Contrast of text and ground, as WCAG counts it.
 *
 * @param {readonly unknown[]} found
 * @returns {number[]}
 */
export function contrasts(found) {
  const channels = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color).map((one) => {
      const part = one / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    if (node === null) return 'rgb(255, 255, 255)';
    const color = getComputedStyle(node).backgroundColor;
    return channels(color)[3] === 0 ? ground(node.parentElement) : color;
  };
  return found.map((node) => {
    const [one, other] = [luminance(getComputedStyle(node).color), luminance(ground(node))];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  });
}

/** @returns {string | null} */
export function focusedLink() {
  return document.activeElement?.getAttribute('href') ?? null;
}

/** @returns {string[]} links of the contents that lead nowhere */
export function lostLinks() {
  const links = [...document.querySelectorAll('nav a')].map((one) => one.getAttribute('href') ?? '');
  return links.filter((href) => document.querySelector(href) === null);
}

/** @returns {{ ink: string, contents: string }} */
export function look() {
  return {
    ink: getComputedStyle(document.body).color,
    contents: getComputedStyle(document.querySelector('nav')).display,
  };
}

export function openDetails() {
  for (const one of document.querySelectorAll('details')) one.open = true;
}

/** @returns {string} */
export function focusedText() {
  return document.activeElement?.textContent?.trim() ?? '';
}

/** @returns {number} how many details show nothing of what is in them */
export function hiddenDetails() {
  return [...document.querySelectorAll('details > dl')].filter((one) => !one.checkVisibility()).length;
}

/** @returns {{ focus: string, open: number, scroll: number, outline: string }} where the reader is */
export function place() {
  const focused = document.activeElement;
  return {
    focus: focused?.ariaLabel ?? focused?.parentElement?.id ?? '',
    open: document.querySelectorAll('details[open]').length,
    scroll: window.scrollY,
    outline: getComputedStyle(focused).outlineStyle,
  };
}
