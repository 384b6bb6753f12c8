import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

// What pg asks of cryptography, with Node's own functions: pg asks the Web Crypto API, which takes ten modules of Node and
// as many changes of thread for one password (measured: a fifteenth of a bin's time). The same names, arguments and bytes as
// node_modules/pg/lib/crypto/utils.js, in whose place it is bundled (bin-build.ts).

const KEY_BYTES = 32;

export { randomBytes };

/** No server of ours has a password that only MD5 protects, and none is sent to one that has. */
export function postgresMd5PasswordHash(): never {
  throw new Error('the server asks for an MD5 password; this client takes SCRAM-SHA-256');
}

export function sha256(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}

export function hashByName(name: string, data: Buffer): Buffer {
  return createHash(name.replace('-', '')).update(data).digest();
}

export function hmacSha256(key: Buffer, message: string): Buffer {
  return createHmac('sha256', key).update(message).digest();
}

export function deriveKey(password: string, salt: Buffer, iterations: number): Buffer {
  return pbkdf2Sync(password, salt, iterations, KEY_BYTES, 'sha256');
}
