import { directoryContract } from '../../packages/shared/testing/directory-contract.ts';
import { memoryRig } from '../support/clusters/rigs.ts';

directoryContract('memory', memoryRig);
