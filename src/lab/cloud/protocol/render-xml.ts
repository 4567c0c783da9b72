/** EC2's Query protocol, the answer's half: values that the SDK's types describe become XML, by the model alone. */
import type { Ec2Model, Member } from '../model/ec2-model.ts';
import type { Ec2Error } from '../state/ec2-error.ts';

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

export interface RenderOptions {
  readonly model: Ec2Model;
  readonly action: string;
  /** Name of the output's structure; `unit` for none. */
  readonly shape: string;
  readonly requestId: string;
  readonly answer: Readonly<Record<string, unknown>>;
}

/** A call without output answers `<return>true</return>`. */
export function renderAnswer({ model, action, shape, requestId, answer }: RenderOptions): string {
  const body = shape === 'unit' ? element('return', 'true') : renderStructure(model, shape, answer);
  return `${declaration}<${action}Response xmlns="${model.namespace}">${element('requestId', requestId)}${body}</${action}Response>`;
}

export function renderError(error: Ec2Error, requestId: string): string {
  const inner = element('Code', escapeXml(error.code)) + element('Message', escapeXml(error.message));
  return `${declaration}<Response><Errors>${element('Error', inner)}</Errors>${element('RequestID', requestId)}</Response>`;
}

const element = (name: string, body: string): string => (body === '' ? `<${name}/>` : `<${name}>${body}</${name}>`);

function renderStructure(model: Ec2Model, shape: string, value: Readonly<Record<string, unknown>>): string {
  const described = model.shapes[shape];
  if (described === undefined || 'item' in described) throw new TypeError(`${shape} is not a structure of the model`);
  let body = '';
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined || item === null) continue;
    const member: Member | undefined = described.members[key];
    if (member === undefined) throw new TypeError(`${shape} has no member ${key}`);
    body += element(member.xml, renderValue(model, member.shape, item));
  }
  return body;
}

function renderValue(model: Ec2Model, shape: string, value: unknown): string {
  if (typeof value === 'string') return escapeXml(value);
  if (Array.isArray(value)) {
    const list = model.shapes[shape];
    if (list === undefined || !('item' in list)) throw new TypeError(`${shape} is not a list of the model`);
    return value.map((item) => element(list.xml, renderValue(model, list.item, item))).join('');
  }
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'object' && value !== null)
    return renderStructure(model, shape, value as Record<string, unknown>);
  return escapeXml(String(value));
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

// oxlint-disable-next-line no-control-regex -- all that is changed below; most texts of an answer have none of them
const special = /[&<>"\r\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/;
// oxlint-disable-next-line no-control-regex -- these are the characters meant
const notXml = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;

/** Characters that XML 1.0 cannot carry at all become U+FFFD. */
const escapeXml = (text: string): string =>
  special.test(text) ? text.replace(/[&<>"\r]/g, (found) => entities[found] ?? found).replace(notXml, '\uFFFD') : text;
