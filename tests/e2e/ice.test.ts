import { describe } from 'vitest';
import { embedded } from '../support/clusters/topologies.ts';
import { useStage } from '../support/clusters/use-stage.ts';
import { iceScenarios } from './scenarios/ice.ts';

describe(embedded.name, () => {
  iceScenarios(useStage(embedded));
});
