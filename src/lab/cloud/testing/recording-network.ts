/** Doubles of what the network needs: they remember what was asked of them, and can be told to fail. */
import type { Fabric, FabricWorld } from '../../fabric/port.ts';
import type { Netns } from '../../../linux/port.ts';

export class RecordingFabric implements Fabric {
  readonly worlds: FabricWorld[] = [];
  destroyed = false;
  /** The next sync throws this. */
  failure: Error | undefined;

  get world(): FabricWorld | undefined {
    return this.worlds.at(-1);
  }

  sync(world: FabricWorld): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    this.worlds.push(world);
  }

  destroy(): void {
    this.destroyed = true;
  }
}

export class RecordingNamespaces {
  readonly names = new Set<string>();

  createNetns(name: string): Netns {
    this.names.add(name);
    return { path: `/run/netns/${name}`, identity: name, close: () => undefined };
  }

  deleteNetns(name: string): void {
    this.names.delete(name);
  }
}
