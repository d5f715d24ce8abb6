/* The program that every measured jail runs: nothing, without a dynamic loader. */
int main(void) { return 0; }
