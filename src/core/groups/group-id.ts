/** A value is an id by its form and never by existence: `sg-` and 8 or 17 lower-case hex digits. */
export const isGroupId = (value: string): boolean => /^sg-([0-9a-f]{8}|[0-9a-f]{17})$/.test(value);
