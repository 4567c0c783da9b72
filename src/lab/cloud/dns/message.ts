/** DNS messages as far as one question and its answers need them (RFC 1035). Pure. */

export const recordType = { a: 1, ptr: 12, any: 255 } as const;
export const responseCode = { ok: 0, formatError: 1, noSuchName: 3, notImplemented: 4, refused: 5 } as const;
export type ResponseCode = (typeof responseCode)[keyof typeof responseCode];

const INTERNET = 1;
const HEADER = 12;
/** Where the question's name stands in every answer of ours: compressed names point to it. */
const POINTER_TO_QUESTION = 0xc000 | HEADER;

export interface Question {
  /** Lower case, without the last dot. */
  readonly name: string;
  readonly type: number;
}

export interface Query {
  readonly id: number;
  readonly recursionDesired: boolean;
  readonly question: Question;
  /** As it came, to be repeated in the answer. */
  readonly questionBytes: Buffer;
}

export type ParsedQuery =
  | { readonly ok: true; readonly query: Query }
  /** `id` is undefined where not even that can be read: such bytes get no answer. */
  | { readonly ok: false; readonly id: number | undefined; readonly code: ResponseCode };

export function parseQuery(bytes: Buffer): ParsedQuery {
  // A response is never answered, or two servers could keep one another busy.
  if (bytes.length < HEADER || (bytes.readUInt16BE(2) & 0x8000) !== 0) {
    return { ok: false, id: undefined, code: responseCode.formatError };
  }
  const id = bytes.readUInt16BE(0);
  const flags = bytes.readUInt16BE(2);
  if (((flags >> 11) & 0xf) !== 0) return { ok: false, id, code: responseCode.notImplemented };
  const name = bytes.readUInt16BE(4) === 1 ? readName(bytes) : undefined;
  if (name === undefined || bytes.length < name.end + 4) return { ok: false, id, code: responseCode.formatError };
  if (bytes.readUInt16BE(name.end + 2) !== INTERNET) return { ok: false, id, code: responseCode.refused };
  return {
    ok: true,
    query: {
      id,
      recursionDesired: (flags & 0x0100) !== 0,
      question: { name: name.text, type: bytes.readUInt16BE(name.end) },
      questionBytes: bytes.subarray(HEADER, name.end + 4),
    },
  };
}

/** A question's name is the first, so it cannot point to another. */
function readName(bytes: Buffer): { readonly text: string; readonly end: number } | undefined {
  const labels: string[] = [];
  for (let at = HEADER; at < bytes.length;) {
    const length = bytes.readUInt8(at);
    if (length === 0) return { text: labels.join('.').toLowerCase(), end: at + 1 };
    if (length > 63 || at + 1 + length > bytes.length) return undefined;
    labels.push(bytes.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return undefined;
}

export interface Answer {
  readonly code: ResponseCode;
  /** Of the question's name. */
  readonly records: readonly { readonly type: number; readonly ttlSeconds: number; readonly data: Uint8Array }[];
}

export function renderAnswer({ id, recursionDesired, questionBytes }: Query, { code, records }: Answer): Buffer {
  const body = records.map(({ type, ttlSeconds, data }) => {
    const fixed = Buffer.alloc(12);
    fixed.writeUInt16BE(POINTER_TO_QUESTION, 0);
    fixed.writeUInt16BE(type, 2);
    fixed.writeUInt16BE(INTERNET, 4);
    fixed.writeUInt32BE(ttlSeconds, 6);
    fixed.writeUInt16BE(data.length, 10);
    return Buffer.concat([fixed, data]);
  });
  const header = headerOf({ id, code, recursionDesired, counts: [1, records.length] });
  return Buffer.concat([header, questionBytes, ...body]);
}

/** Without the question, which could not be read. */
export const renderRefusal = (id: number, code: ResponseCode): Buffer =>
  headerOf({ id, code, recursionDesired: false, counts: [0, 0] });

interface Header {
  readonly id: number;
  readonly code: ResponseCode;
  readonly recursionDesired: boolean;
  /** Questions and answers. */
  readonly counts: readonly [number, number];
}
function headerOf({ id, code, recursionDesired, counts }: Header): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(id, 0);
  // A response; resolvers take one that offers recursion only.
  header.writeUInt16BE(0x8080 | (recursionDesired ? 0x0100 : 0) | code, 2);
  header.writeUInt16BE(counts[0], 4);
  header.writeUInt16BE(counts[1], 6);
  return header;
}

export const nameBytes = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')])),
    Buffer.of(0),
  ]);
