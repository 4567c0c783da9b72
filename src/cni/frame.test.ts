import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decodeReply, decodeRequest, encodeReply, encodeRequest, requestLength } from './frame.ts';

const value = fc.string().filter((text) => !text.includes('\0') && text.isWellFormed());
const environment = fc.dictionary(fc.stringMatching(/^CNI_[A-Z]{1,12}$/), value, { maxKeys: 8, noNullPrototype: true });

describe('the frame', () => {
  it('gives back every request that it was made of', () => {
    fc.assert(
      fc.property(environment, fc.uint8Array(), (variables, stdin) => {
        const decoded = decodeRequest(encodeRequest({ environment: variables, stdin }));
        expect(decoded.environment).toEqual(variables);
        expect([...decoded.stdin]).toEqual([...stdin]);
      }),
    );
  });

  it('tells from any beginning of a request how long it is, or that more is needed', () => {
    const frame = encodeRequest({ environment: { CNI_COMMAND: 'ADD' }, stdin: Buffer.from('{}') });
    for (let size = 0; size <= frame.length; size++) {
      expect(requestLength(frame.subarray(0, size))).toBe(size < 8 ? undefined : frame.length);
    }
  });

  it('gives back every reply, and waits for one that is not whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.uint8Array(), (exitCode, stdout) => {
        const frame = encodeReply({ exitCode, stdout });
        const decoded = decodeReply(frame);
        expect({ exitCode: decoded?.exitCode, stdout: [...(decoded?.stdout ?? [])] }).toEqual({
          exitCode,
          stdout: [...stdout],
        });
        expect(decodeReply(frame.subarray(0, frame.length - 1))).toBeUndefined();
      }),
    );
  });

  it('refuses with frame-invalid whatever is no frame, and never throws anything else', () => {
    const code = (attempt: () => unknown): unknown => {
      try {
        attempt();
        return 'no error';
      } catch (error) {
        return (error as { code?: unknown }).code;
      }
    };
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        expect(code(() => decodeRequest(bytes))).toBe('frame-invalid');
      }),
    );
    const body = (text: string): Uint8Array => {
      const header = Buffer.from('BLC1\0\0\0\0', 'latin1');
      header.writeUInt32LE(text.length, 4);
      return Buffer.concat([header, Buffer.from(text)]);
    };
    expect(code(() => decodeRequest(body('CNI_A=1')))).toBe('frame-invalid');
    expect(code(() => decodeRequest(body('PATH=1\0\0{}')))).toBe('frame-invalid');
    expect(code(() => requestLength(Buffer.from('BLC1\xff\xff\xff\xff', 'latin1')))).toBe('frame-invalid');
    expect(code(() => decodeReply(Buffer.alloc(8, 0xff)))).toBe('frame-invalid');
  });
});
