import { busContract } from '../../packages/shared/testing/bus-contract.ts';
import { memoryRig } from '../support/clusters/rigs.ts';

busContract('memory', memoryRig);
