import { sign, verify } from 'node:crypto';
import { canonicalJson } from '../canonical.ts';
import { C1Error } from '../codes.ts';
import { parseJsonStrictly } from '../strict-json.ts';
import { type SigningKey, signingKeyOf, type VerifyKey } from './keys.ts';
import { type AnyStatement, type DsseEnvelope, dsseEnvelope, PAYLOAD_TYPE, type PackageKind } from './statement.ts';

/** What DSSE signs: type and payload, each with its length in bytes, so that neither can be taken for the other. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.byteLength} `;
  return Buffer.concat([Buffer.from(head, 'utf8'), payload]);
}

export function sealEnvelope(statement: AnyStatement, key: SigningKey): DsseEnvelope {
  const payload = Buffer.from(canonicalJson(statement), 'utf8');
  const signature = sign(null, preAuthEncoding(PAYLOAD_TYPE, payload), key.pem);
  return {
    payloadType: PAYLOAD_TYPE,
    payload: payload.toString('base64'),
    signatures: [{ keyid: key.keyid, sig: signature.toString('base64') }],
  };
}

/** The file as it is written, and what signs it. */
export function sealWith(statement: AnyStatement, privateKey: string): string {
  return envelopeText(sealEnvelope(statement, signingKeyOf(privateKey)));
}

export interface OpenedEnvelope<S extends AnyStatement> {
  readonly statement: S;
  readonly envelope: DsseEnvelope;
}

/**
 * Reads an envelope without asking who signed it.
 *
 * @throws C1Error REJECT_EVIDENCE_MALFORMED; REJECT_EVIDENCE_ALTERED when it is written in another way than ours
 */
export function readEnvelope<S extends AnyStatement>(bytes: Uint8Array, kind: PackageKind<S>): OpenedEnvelope<S> {
  const opened = parseEnvelope(bytes, kind);
  if (Buffer.from(envelopeText(opened.envelope), 'utf8').equals(bytes)) return opened;
  throw new C1Error('REJECT_EVIDENCE_ALTERED', {
    seen: `a ${kind.envelope} with other bytes than it was written with`,
    expected: 'the one form that it is written in',
  });
}

/**
 * The one form of an envelope. Its own bytes are signed by nobody, and its digest is what people sign: two forms of the same
 * envelope would be two digests, and a byte changed would go unseen.
 */
function envelopeText({ payloadType, payload, signatures }: DsseEnvelope): string {
  const plain = (base64: string) => Buffer.from(base64, 'base64').toString('base64');
  const signed = signatures.map(({ keyid, sig }) => ({ keyid, sig: plain(sig) }));
  return `${canonicalJson({ payloadType, payload: plain(payload), signatures: signed })}\n`;
}

function parseEnvelope<S extends AnyStatement>(bytes: Uint8Array, kind: PackageKind<S>): OpenedEnvelope<S> {
  try {
    const envelope = dsseEnvelope.parse(parseJsonStrictly(bytes));
    const statement = kind.statement.parse(parseJsonStrictly(Buffer.from(envelope.payload, 'base64')));
    return { statement, envelope };
  } catch (cause) {
    const seen = 'an envelope that is not DSSE over an in-toto Statement of ours';
    throw new C1Error('REJECT_EVIDENCE_MALFORMED', { seen, expected: `${kind.envelope} as it was written` }, { cause });
  }
}

/**
 * One of the keys made the signature over exactly this payload.
 *
 * @returns the key's fingerprint
 * @throws C1Error REJECT_UNKNOWN_SIGNER when the signature is by another key; REJECT_EVIDENCE_ALTERED when a key of that name
 * is among them and did not sign this, or another one did
 */
export function assertSigned(
  { envelope }: Pick<OpenedEnvelope<AnyStatement>, 'envelope'>,
  keys: readonly VerifyKey[],
): string {
  const [signature] = envelope.signatures;
  const signed = preAuthEncoding(envelope.payloadType, Buffer.from(envelope.payload, 'base64'));
  const bytes = Buffer.from(signature?.sig ?? '', 'base64');
  const found = keys.find(({ key }) => verify(null, signed, key, bytes));
  // The name of the key is signed by nobody: a true signature under another's name is altered as well.
  if (found !== undefined && found.keyid === signature?.keyid) return found.keyid;
  if (found !== undefined || keys.some(({ keyid }) => keyid === signature?.keyid)) {
    throw new C1Error('REJECT_EVIDENCE_ALTERED', {
      seen: 'a statement that its signature is not over',
      expected: 'the statement that was signed',
    });
  }
  throw new C1Error('REJECT_UNKNOWN_SIGNER', {
    seen: `evidence signed by ${signature?.keyid ?? 'nobody'}`,
    expected: `one of ${keys.length} allowed keys`,
    next: "npx c1 evidence verify <folder> --key <the signer's public key>, got from him and not with the folder",
  });
}
