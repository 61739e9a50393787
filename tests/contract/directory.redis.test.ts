import { directoryContract } from '../../packages/shared/testing/directory-contract.ts';
import { clusterRig, redisRig } from '../support/clusters/rigs.ts';

directoryContract('one Redis', redisRig);
directoryContract('Redis Cluster', clusterRig);
