export { Child } from './child.ts';
export { LocalCluster, type LocalClusterOptions } from './local-cluster.ts';
export { ProcessCluster, type ProcessClusterOptions } from './process-cluster.ts';
export { outsideAddresses } from './reachable.ts';
export { type RedisProcess, startRedisProcess } from './redis-process.ts';
