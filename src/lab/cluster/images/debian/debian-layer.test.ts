import { describe, expect, it } from 'vitest';

import { bytes, folder, link, text } from '../entries.ts';
import { debianLayer } from './debian-layer.ts';

describe('a layer of Debian packages', () => {
  it('has everything below /usr, whatever the package says, so that the links of the base stay links', () => {
    const layer = debianLayer([
      folder('bin'),
      bytes('bin/sh', Buffer.from('shell'), 0o755),
      folder('lib/x86_64-linux-gnu'),
      link('lib64/ld-linux-x86-64.so.2', '/lib/x86_64-linux-gnu/ld.so'),
    ]);
    expect(layer.map(({ path }) => path)).toEqual([
      'usr',
      'usr/bin',
      'usr/bin/sh',
      'usr/lib',
      'usr/lib/x86_64-linux-gnu',
      'usr/lib64',
      'usr/lib64/ld-linux-x86-64.so.2',
    ]);
  });

  it('leaves out manuals and boot scripts and keeps licences', () => {
    const layer = debianLayer([
      text('usr/share/doc/tool/copyright', 'GPL'),
      text('usr/share/doc/tool/changelog.gz', 'news'),
      text('usr/share/man/man1/tool.1.gz', 'help'),
      text('lib/systemd/system/tool.service', 'unit'),
    ]);
    expect(layer.filter(({ kind }) => kind === 'file').map(({ path }) => path)).toEqual([
      'usr/share/doc/tool/copyright',
    ]);
  });

  it('turns a hard link into a file of the same content, and lets a later package win', () => {
    const layer = debianLayer([
      text('usr/bin/perl', 'one'),
      { kind: 'hardlink', path: 'usr/bin/perl5', target: 'usr/bin/perl' },
      text('usr/bin/perl', 'two'),
    ]);
    const files = layer.flatMap((entry) => (entry.kind === 'file' ? [[entry.path, String(entry.content[0])]] : []));
    expect(files).toEqual([
      ['usr/bin/perl', 'two'],
      ['usr/bin/perl5', 'one'],
    ]);
  });
});
