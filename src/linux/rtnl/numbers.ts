/** Numbers of <linux/rtnetlink.h> and its neighbours, as far as they are used. */

export const rtm = {
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  setLink: 19,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
  newNeighbour: 28,
  deleteNeighbour: 29,
  getNeighbour: 30,
  newRule: 32,
  deleteRule: 33,
  getRule: 34,
} as const;

/** Sizes of the fixed parts. */
export const size = { link: 16, address: 8, route: 12, neighbour: 12, rule: 12 } as const;

/** `RTPROT_STATIC`: made by an administrator, in `ip route`'s words. */
export const PROTOCOL_STATIC = 4;
export const TABLE_MAIN = 254;
/** Tables above it need an attribute; the field of the fixed part then says 0, unspecified. */
export const tableField = (table: number): number => (table > 255 ? 0 : table);

export const scope = { global: 0, link: 253, nowhere: 255 } as const;
