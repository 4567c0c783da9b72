import { describe, expect, it } from 'vitest';

import { generateModel } from '../../../../scripts/generate-ec2-model.ts';
import { loadEc2Model } from './ec2-model.ts';

describe('the generated model', () => {
  it('is what the generator makes of the installed SDK', () => {
    expect(loadEc2Model()).toEqual(generateModel());
  });
});
