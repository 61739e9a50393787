import { busContract } from '../../packages/shared/testing/bus-contract.ts';
import { clusterRig, redisRig } from '../support/clusters/rigs.ts';

busContract('one Redis', redisRig);
busContract('Redis Cluster', clusterRig);
