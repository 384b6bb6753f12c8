import type { Declared, ResourceRule, Violation } from '../rule.ts';

const SECRET_NAME =
  /(?:^|[^a-z])(?:password|passwd|passphrase|secret|secrets|token|credential|credentials|private_?key|api_?key)(?:$|[^a-z])/i;
const SECRET_VALUE: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  // A password in an address.
  /[a-z]:\/\/[^\s/:@]+:[^\s/@]+@/i,
  /\bPG(?:PASSWORD|PASSFILE)\b/,
];

/** Inputs are in the state, in the plan and on the review page. The message names the place and never the value. */
export const noSecretInput: ResourceRule = {
  name: 'no-secret-input',
  description: 'No secret among the inputs: neither marked as one, nor by its name, nor by what it looks like.',
  next: 'let the bin read it from its own file on its host; pulumi config rm KEY if it came by config',
  seesSecrets: true,
  check: (resource) => [...marked(resource), ...found(resource)],
};

function marked({ name, secrets }: Declared): readonly Violation[] {
  return secrets.map((path) => ({ seen: `${name}: ${path} marked as a secret`, expected: 'no secret input' }));
}

function found({ name, inputs, secrets }: Declared): readonly Violation[] {
  return pathsIn(inputs, '')
    .filter(([path]) => !secrets.includes(path))
    .filter(([path, text]) => SECRET_NAME.test(lastPart(path)) || SECRET_VALUE.some((pattern) => pattern.test(text)))
    .map(([path]) => ({ seen: `${name}: a secret in ${path}`, expected: 'no secret input' }));
}

/** Every scalar with its path; of JSON on standard input each member. */
function pathsIn(value: unknown, path: string): readonly (readonly [path: string, text: string])[] {
  if (value !== null && typeof value === 'object') {
    return Object.entries(value).flatMap(([key, inner]) => pathsIn(inner, path === '' ? key : `${path}.${key}`));
  }
  const inner = path === 'stdin' ? parsed(value) : null;
  return inner === null ? [[path, String(value)]] : pathsIn(inner, path);
}

function parsed(value: unknown): object | null {
  try {
    const inner: unknown = JSON.parse(String(value));
    return typeof inner === 'object' ? inner : null;
  } catch {
    return null;
  }
}

// camelCase is parted as snake_case is.
const lastPart = (path: string): string => (path.split('.').at(-1) ?? '').replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2');
