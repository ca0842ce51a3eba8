// Addresses and blocks of addresses: which networks a key may be used from. IPv4, IPv6, and v4 inside v6.
import { BlockList, isIP } from 'node:net';

/** True for an address or a block such as `10.0.0.0/8` or `2001:db8::/32`. */
export function isNetwork(text: string): boolean {
  const { address, family, bits } = partsOf(text);
  return (
    family !== 0 &&
    (bits === null || (Number.isInteger(bits) && bits >= 0 && bits <= (family === 4 ? 32 : 128) && address !== ''))
  );
}

/** A check of addresses against these blocks; an empty list lets all in. Unreadable addresses are never in. */
export function networkCheck(networks: readonly string[]): (address: string) => boolean {
  if (networks.length === 0) return () => true;
  const list = new BlockList();
  for (const network of networks) {
    if (!isNetwork(network)) continue;
    const { address, family, bits } = partsOf(network);
    const type = family === 4 ? 'ipv4' : 'ipv6';
    if (bits === null) list.addAddress(address, type);
    else list.addSubnet(address, bits, type);
  }
  return (text) => {
    const address = plain(text);
    const family = isIP(address);
    return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
  };
}

function partsOf(text: string): { readonly address: string; readonly family: number; readonly bits: number | null } {
  const [before = '', after, ...rest] = text.trim().split('/');
  const address = plain(before);
  const bits = after === undefined ? null : /^\d{1,3}$/.test(after) ? Number(after) : Number.NaN;
  return { address, family: rest.length > 0 ? 0 : isIP(address), bits };
}

/** `::ffff:10.0.0.1` is 10.0.0.1, and a zone (`fe80::1%eth0`) is no part of the address. */
function plain(text: string): string {
  const address = text.replace(/%.*$/, '').replace(/^\[|\]$/g, '');
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice(7) : address;
}
