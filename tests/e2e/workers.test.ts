import { describe } from 'vitest';
import { workers } from '../support/clusters/topologies.ts';
import { useStage } from '../support/clusters/use-stage.ts';
import { callScenario } from './scenarios/call.ts';
import { dataScenarios } from './scenarios/data.ts';
import { pipeScenarios } from './scenarios/pipes.ts';

describe(workers.name, () => {
  const on = useStage(workers);
  callScenario(on);
  pipeScenarios(on);
  dataScenarios(on);
});
