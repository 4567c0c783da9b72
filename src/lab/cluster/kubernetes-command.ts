/** How a program of Kubernetes is called: our one binary holds them all; a folder of official ones, one each. */
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a folder of official binaries must hold. */
export const kubernetesPrograms = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
  'kubelet',
  'kubectl',
] as const;

export type KubernetesProgram = (typeof kubernetesPrograms)[number];

/** @param kubernetes what `ensureKubernetes` found: the one binary, or a folder. */
export const kubernetesCommand = (kubernetes: string, program: KubernetesProgram): readonly string[] =>
  isFolder(kubernetes) ? [join(kubernetes, program)] : [kubernetes, program];

/** The folder that must be at hand for {@link kubernetesCommand}. */
export const kubernetesFolder = (kubernetes: string): string =>
  isFolder(kubernetes) ? kubernetes : dirname(kubernetes);

/** As {@link kubernetesCommand}, where {@link kubernetesFolder} is mounted elsewhere. */
export const kubernetesCommandAt = (
  kubernetes: string,
  folder: string,
  program: KubernetesProgram,
): readonly string[] => (isFolder(kubernetes) ? [join(folder, program)] : [join(folder, 'kubernetes'), program]);

const isFolder = (path: string): boolean => statSync(path).isDirectory();
