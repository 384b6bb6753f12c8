/** One line of an allowed-signers file (ssh-keygen(1), ALLOWED SIGNERS). */
export interface AllowedSigner {
  readonly principals: readonly string[];
  /** Type and key, e.g. `ssh-ed25519 AAAA…`. */
  readonly key: string;
  /** It counts for a time only, or stands for other keys. */
  readonly isBounded: boolean;
}

const LINE =
  /^(?<principals>\S+)\s+(?:(?<options>\S*?"[^"]*"\S*|[a-z-]+(?:,\S+)?)\s+)?(?<key>(?:ssh|ecdsa|sk)-\S+\s+[A-Za-z0-9+/=]+)/;

/** Who may sign in a namespace: a line without namespaces counts for each; what is no such line counts for none. */
export function allowedFor(text: string, namespace: string): readonly AllowedSigner[] {
  return text.split('\n').flatMap((line) => signerIn(line.trim(), namespace));
}

function signerIn(line: string, namespace: string): readonly AllowedSigner[] {
  const { principals = '', key, options = '' } = LINE.exec(line)?.groups ?? {};
  if (line.startsWith('#') || key === undefined) return [];
  const [, names] = /namespaces="([^"]*)"/i.exec(options) ?? [];
  if (names !== undefined && !names.split(',').includes(namespace)) return [];
  const isBounded = /cert-authority|valid-(after|before)/i.test(options);
  return [{ principals: principals.split(','), key: key.replace(/\s+/, ' '), isBounded }];
}

/**
 * Every key that is listed for a name, for whatever, by pattern too: who is missed here counts as somebody else, so that a
 * line is read more widely than ssh-keygen reads it.
 */
export function keysOf(text: string, principal: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const [, quoted, bare = ''] = /^\s*(?:"([^"]*)"|(\S+))/.exec(line) ?? [];
    const [, key] = /\s((?:ssh|ecdsa|sk)-\S+\s+[A-Za-z0-9+/=]+)/.exec(line) ?? [];
    if (line.trim().startsWith('#') || key === undefined) return [];
    const isListed = (quoted ?? bare).split(',').some((pattern) => matches(pattern, principal));
    return isListed ? [key.replace(/\s+/, ' ')] : [];
  });
}

/** Patterns of ssh_config(5): `*` and `?`. */
function matches(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(name);
}
