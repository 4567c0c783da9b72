/** Protocols, ports, ranges and descriptions of rules, as EC2 reads them. */
import { formatPrefix4, parsePrefix4Loosely } from '../../../../core/address/prefix.ts';
import { Ec2Error } from '../ec2-error.ts';

const protocolNames: Readonly<Record<string, string>> = { '6': 'tcp', '17': 'udp', '1': 'icmp', '58': 'icmpv6' };
const protocolNumbers: Readonly<Record<string, string>> = { tcp: '6', udp: '17', icmp: '1', icmpv6: '58' };

/** EC2's form: names for 6, 17, 1 and 58, `-1` for all, else the number. */
export function readProtocol(text: string | undefined): string {
  const lower = text?.toLowerCase() ?? '';
  if (lower === '') throw new Ec2Error('MissingParameter', 'The request must contain the parameter IpProtocol');
  if (lower === '-1' || lower === 'all') return '-1';
  const number = protocolNumbers[lower] ?? lower;
  if (!/^\d{1,3}$/.test(number) || Number(number) > 255) {
    throw new Ec2Error('InvalidParameterValue', `Invalid value '${text}' for IP protocol. Unknown protocol.`);
  }
  return protocolNames[String(Number(number))] ?? String(Number(number));
}

/** Ports of TCP and UDP must be given, type and code of ICMP too; those of other protocols are not kept. */
export function readPorts(
  protocol: string,
  from: number | undefined,
  to: number | undefined,
): { readonly fromPort?: number; readonly toPort?: number } {
  if (protocol === 'icmpv6' && from === undefined) return { fromPort: -1, toPort: -1 };
  if (protocol === 'icmp' || protocol === 'icmpv6') {
    const [type, code] = [from ?? -1, to ?? -1];
    if (from === undefined && to === undefined) {
      throw new Ec2Error('InvalidParameterValue', 'ICMP type and code must be specified (-1 for all).');
    }
    if (type < -1 || type > 255 || code < -1 || code > 255 || (type === -1 && code !== -1)) {
      throw new Ec2Error('InvalidParameterValue', `Invalid value for ICMP: type ${type}, code ${code}`);
    }
    return { fromPort: type, toPort: code };
  }
  if (protocol !== 'tcp' && protocol !== 'udp') return {};
  if (from === undefined || to === undefined) {
    throw new Ec2Error(
      'InvalidParameterValue',
      `Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.`,
    );
  }
  for (const port of [from, to]) {
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new Ec2Error('InvalidParameterValue', `Invalid value '${port}' for port. Must be between 0 and 65535.`);
    }
  }
  if (from > to) {
    throw new Ec2Error('InvalidParameterValue', `Invalid TCP/UDP port range (${from}:${to})`);
  }
  return { fromPort: from, toPort: to };
}

export function readCidr4(text: string): string {
  const parsed = parsePrefix4Loosely(text);
  if (!parsed.ok) throw new Ec2Error('InvalidParameterValue', `CIDR block ${text} is malformed`);
  return formatPrefix4(parsed.value);
}

export function readCidr6(text: string): string {
  const [address = '', length = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^\d{1,3}$/.test(length) || Number(length) > 128 || !URL.canParse(`http://[${address}]/`)) {
    throw new Ec2Error('InvalidParameterValue', `CIDR block ${text} is malformed`);
  }
  return `${new URL(`http://[${address}]/`).hostname.slice(1, -1)}/${Number(length)}`;
}

const allowedInDescription = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{0,255}$/;

export function readDescription(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (!allowedInDescription.test(text)) {
    throw new Ec2Error(
      'InvalidParameterValue',
      'Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*',
    );
  }
  return text;
}
