import { describe, expect, it } from 'vitest';

import { ip } from '../address/ip.ts';
import { type NodePortFlow, evaluateNodePort, explainNodePort } from './node-port.ts';
import { type Place, places, sampleRules, sampleVpc } from './testing/sample-vpc.ts';

/** Ingress of nodes on the port, as whoever uses NodePorts opens it. */
const nodePortOpen = { 'sg-node': [...(sampleRules['sg-node'] ?? []), 'in tcp 30080 from 0.0.0.0/0'] };
const opensTo = (peer: string) => ({ ...nodePortOpen, 'sg-db': [`in tcp 5432 from ${peer}`] });
const flow = (client: Place, node: Place, target: Place, more: Partial<NodePortFlow> = {}): NodePortFlow => ({
  client: ip(places[client]),
  node: ip(places[node]),
  nodePort: 30_080,
  target: ip(places[target]),
  targetPort: 5432,
  protocol: 6,
  ...more,
});
const legs = (given: NodePortFlow, rules = nodePortOpen as Readonly<Record<string, readonly string[]>>) => {
  const verdict = evaluateNodePort(given, sampleVpc({ rules }));
  return verdict.kind === 'judged'
    ? verdict.legs.map((leg) => `${leg.allowed ? 'open' : 'closed'}: ${leg.judge}`)
    : verdict.kind;
};

describe('a connection by a node’s port', () => {
  it('meets the node’s groups first', () => {
    expect(legs(flow('web4', 'node1', 'db2'), opensTo('sg-node'))).toEqual(['open: ec2', 'open: ec2']);
    expect(legs(flow('web4', 'node1', 'db2'), { 'sg-db': ['in tcp 5432 from sg-node'] })).toEqual([
      'closed: ec2',
      'open: ec2',
    ]);
  });

  it('comes to the pod from the node, so that a rule for the client’s group does not admit it', () => {
    expect(legs(flow('web4', 'node1', 'db2'), opensTo('sg-web'))).toEqual(['open: ec2', 'closed: ec2']);
  });

  it('is judged by the agent where the pod is on the node that it came to', () => {
    expect(legs(flow('web4', 'node1', 'db1'), opensTo('sg-node'))).toEqual(['open: ec2', 'open: agent']);
    expect(legs(flow('web4', 'node1', 'db1'), opensTo('sg-web'))).toEqual(['open: ec2', 'closed: agent']);
  });

  it('is not judged a second time for a pod with the node’s groups on that node', () => {
    expect(legs(flow('web4', 'node1', 'plain1'))).toEqual(['open: ec2', 'open: nobody']);
  });

  it('has one leg for a client on the node itself', () => {
    expect(legs(flow('plain1', 'node1', 'db1'), opensTo('sg-node'))).toEqual(['open: agent']);
  });

  it('is no way around the groups of a pod on the node itself', () => {
    expect(legs(flow('web1', 'node1', 'db1'), opensTo('sg-node'))).toEqual(['open: agent', 'open: agent']);
    expect(legs(flow('db1', 'node1', 'plain1'))).toEqual(['closed: agent', 'open: nobody']);
  });

  describe('with externalTrafficPolicy: Local', () => {
    const local = { keepsClient: true };

    it('is dropped where no endpoint is on the node', () => {
      expect(legs(flow('web4', 'node1', 'db2', local))).toBe('noEndpointHere');
    });

    it('comes by the node’s interface, where rules see the client’s address', () => {
      expect(legs(flow('web4', 'node1', 'db1', local), opensTo('100.64.0.0/16'))).toEqual(['open: ec2', 'open: agent']);
    });

    it('comes by the node’s interface, where rules do not see the client’s groups', () => {
      const verdict = evaluateNodePort(flow('web4', 'node1', 'db1', local), sampleVpc({ rules: opensTo('sg-web') }));
      expect(verdict.allowed).toBe(false);
      expect(explainNodePort(verdict)).toMatch(
        /^tcp from 100\.64\.0\.50 to 10\.0\.0\.10:30080 is allowed: .* Then: tcp .* is refused: .* Then: It comes in by the node’s interface, .* use IP targets, or name a range\.$/,
      );
    });

    it('is not judged a second time for a pod with the node’s groups', () => {
      expect(legs(flow('web4', 'node1', 'plain1', local))).toEqual(['open: ec2', 'open: nobody']);
    });

    it('shows the client as it is where it is on the node itself', () => {
      expect(legs(flow('web1', 'node1', 'db1', local), opensTo('sg-web'))).toEqual(['open: agent']);
    });
  });

  it('needs a node', () => {
    const verdict = evaluateNodePort(flow('web4', 'internet', 'db1'), sampleVpc());
    expect(verdict).toMatchObject({ allowed: false, kind: 'noNode' });
    expect(explainNodePort(verdict)).toBe('the address 203.0.113.9 is no node’s.');
    expect(explainNodePort(evaluateNodePort(flow('web4', 'node1', 'db2', { keepsClient: true }), sampleVpc()))).toBe(
      'no endpoint of the service is on i-1, and externalTrafficPolicy: Local asks for one there.',
    );
  });
});
