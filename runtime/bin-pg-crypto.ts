import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

// What pg asks of cryptography, with Node's own functions: pg asks the Web Crypto API, which takes ten modules of Node and
// as many changes of thread for one password (measured: a fifteenth of a bin's time). The same names, arguments and bytes as
// node_modules/pg/lib/crypto/utils.js, in whose place it is bundled (bin-build.ts).

const KEY_BYTES = 32;

export { randomBytes };

export function postgresMd5PasswordHash(user: string, password: string, salt: Buffer): string {
  const md5 = (data: string | Buffer) => createHash('md5').update(data).digest('hex');
  return `md5${md5(Buffer.concat([Buffer.from(md5(password + user)), salt]))}`;
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
