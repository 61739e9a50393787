import { describe } from 'vitest';
import { embedded } from '../support/topologies.ts';
import { useStage } from '../support/use-stage.ts';
import { callScenario } from './scenarios/call.ts';
import { dataScenarios } from './scenarios/data.ts';
import { pipeScenarios } from './scenarios/pipes.ts';

describe(embedded.name, () => {
  const on = useStage(embedded);
  callScenario(on);
  pipeScenarios(on);
  dataScenarios(on);
});
