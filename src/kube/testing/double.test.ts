import { kubeContract } from '../kube.suite.ts';
import { createKubeDouble } from './double.ts';

kubeContract({ name: 'the double', makeKube: () => ({ kube: createKubeDouble(), close: () => undefined }) });
