/* rewrapctl doctor: what is to be done for the service to be well (docs/doctor.md). */
#pragma once

/*
 * Runs `doctor`; argv[0] is "doctor". Checks a configuration when it is given one, asks the daemon, prints. Returns the
 * exit code of the process: 0 all is well; 1 warnings; 2 faults; 252 to 255 as every command when there is no verdict.
 */
int doctor_command(int argc, char **argv);
