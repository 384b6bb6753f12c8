/**
 * Keeps a served review page up to date. Plain JavaScript, because it runs in the browser: only the content of the parts
 * that changed is replaced, so that what the reader opened, focused and scrolled to stays.
 */
const EVERY_MS = 1_000;
const shown = new Map();
const lost = document.getElementById('lost');
const connection = document.getElementById('connection');

function update(parts) {
  for (const element of document.querySelectorAll('[data-part]')) {
    const html = parts[element.dataset.part];
    if (html === undefined || shown.get(element) === html) continue;
    const focused = element.contains(document.activeElement) ? document.activeElement : null;
    element.innerHTML = html;
    shown.set(element, html);
    if (focused !== null) focusAgain(element, focused);
  }
}

function focusAgain(element, { tagName, ariaLabel }) {
  const same = [...element.querySelectorAll(tagName)].find((one) => one.ariaLabel === ariaLabel);
  same?.focus({ preventScroll: true });
}

/** What was true when the server was last heard is not said to be true now. */
function disconnected(cause) {
  connection.textContent = `Not live any more, as of ${new Date().toISOString()} (${cause}): start npx c1 review --serve again, and load the page anew.`;
  for (const element of document.querySelectorAll('[data-part^="state-"]')) {
    element.replaceChildren(lost.content.cloneNode(true));
    shown.delete(element);
  }
}

async function poll() {
  try {
    const answer = await fetch('/parts', { cache: 'no-store', signal: AbortSignal.timeout(15_000) });
    if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
    update(await answer.json());
    if (connection.textContent !== '') connection.textContent = '';
  } catch (cause) {
    disconnected(cause instanceof Error ? cause.message : 'no answer');
  }
  setTimeout(poll, EVERY_MS);
}

setTimeout(poll, EVERY_MS);
