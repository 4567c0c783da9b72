import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { lab } from '../../names.ts';
import { renderDns } from './apply-dns.ts';

const objects = parseAllDocuments(renderDns()).map(
  (document) => document.toJS() as { readonly kind: string; readonly spec?: Record<string, unknown> },
);
const specOf = (kind: string) => objects.find((each) => each.kind === kind)?.spec;

describe('the cluster’s DNS', () => {
  it('is at the address that kubelets tell their pods', () => {
    expect(specOf('Service')).toMatchObject({ clusterIP: lab.dnsAddress, selector: { 'k8s-app': 'kube-dns' } });
  });

  it('runs as ordinary pods, so that security groups are asked', () => {
    expect(specOf('Deployment')).not.toHaveProperty('template.spec.hostNetwork');
    expect(specOf('Deployment')).toHaveProperty(
      'template.spec.containers[0].image',
      'registry.k8s.io/coredns/coredns:v1.14.1',
    );
  });
});
