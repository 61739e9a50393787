import { describe } from 'vitest';
import { embedded } from '../support/topologies.ts';
import { useStage } from '../support/use-stage.ts';
import { iceScenarios } from './scenarios/ice.ts';

describe(embedded.name, () => {
  iceScenarios(useStage(embedded));
});
