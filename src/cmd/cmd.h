/* The commands: argv[0] is the command's name.  Each returns the exit code. */
#ifndef SL_CMD_H
#define SL_CMD_H

int sl_cmd_serve(int argc, char **argv);
int sl_cmd_run(int argc, char **argv);
int sl_cmd_list(int argc, char **argv);
int sl_cmd_check(int argc, char **argv);
int sl_cmd_grant(int argc, char **argv);

#endif
