import { describe, expect, it } from 'vitest';

import { formatMac, mac, macBytes, parseMac } from './mac.ts';

describe('MAC addresses', () => {
  it('are lower case, whatever case they come in', () => {
    expect(mac('06:1B:2C:3D:4E:5F')).toBe('06:1b:2c:3d:4e:5f');
  });

  it.each(['06:1b:2c:3d:4e', '06-1b-2c-3d-4e-5f', '6:1b:2c:3d:4e:5f', '06:1b:2c:3d:4e:5g', ''])('refuse %j', (text) => {
    expect(parseMac(text)).toEqual({ ok: false, reason: `"${text}" is not six hex octets with colons` });
    expect(() => mac(text)).toThrow(RangeError);
  });

  it('survive the way through bytes', () => {
    expect(formatMac(macBytes(mac('06:00:2c:3d:4e:ff')))).toBe('06:00:2c:3d:4e:ff');
  });
});
