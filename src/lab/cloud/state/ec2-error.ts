/** A refusal in EC2's own words. */

export type Ec2Status = 400 | 401 | 403 | 412 | 500 | 503;

export class Ec2Error extends Error {
  override readonly name = 'Ec2Error';
  /** Of EC2's list, e.g. `InvalidGroup.NotFound`. */
  readonly code: string;
  readonly status: Ec2Status;

  constructor(code: string, message: string, status: Ec2Status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
