import { directoryContract } from '../../packages/shared/testing/directory-contract.ts';
import { memoryRig } from '../support/rigs.ts';

directoryContract('memory', memoryRig);
