# What runs inside a jail: the attempts follow this text, each as `attempt NUMBER, sub { … };`.
# Before it stand %NUMBERS, of system calls, and %ERRORS, the names of errors.

# Whether this is one of these jails.
sub is_in { return scalar grep { $_ eq $ARGV[0] } @_ }

# Makes an attempt in a process group of its own, and prints its number and its answer. What the
# attempt leaves running ends with it.
sub attempt {
    my ($number, $try) = @_;
    pipe(my $answers, my $said);
    my $pid = fork() // die "fork: $!";
    if (!$pid) {
        setpgrp(0, 0);
        open(STDERR, '>', '/dev/null');
        alarm 10;
        my $answer = eval { $try->() } // "died: $@";
        $answer =~ s/\s+/ /g;
        syswrite($said, $answer . "\n");
        leave();
    }
    close $said;
    # One line, not all: what the attempt leaves running has this pipe too.
    my $answer = <$answers>;
    waitpid($pid, 0);
    $answer //= 'signal ' . ($? & 127);
    kill -9, $pid;
    chomp $answer;
    print "$number\t$answer\n";
}

# Ends this process, without what perl does at an end.
sub leave { syscall($NUMBERS{exit_group}, 0) }

# The name of the last error, if `$failed`; else `$otherwise`.
sub answer {
    my ($failed, $otherwise) = @_;
    return $failed ? $ERRORS{$! + 0} // 'error ' . ($! + 0) : $otherwise;
}

# Makes a system call. A reference to a text is a buffer for the kernel to write to.
sub call {
    my ($name, @given) = @_;
    my $number = $name =~ /^\d+$/ ? $name : $NUMBERS{$name} // -1;
    return 'absent: no such call here' if $number < 0;
    # Copies, because syscall() refuses texts that cannot be written to.
    my @texts = map { ref $_ ? $$_ : $_ } @given;
    $! = 0;
    $result = syscall($number, @texts);
    my $answer = answer($result < 0, 'done');
    for my $i (0 .. $#given) { ${$given[$i]} = $texts[$i] if ref $given[$i] }
    return $answer;
}

# Opens a file, to read or in another mode, and changes nothing.
sub opens {
    my ($path, $mode) = @_;
    return answer(!sysopen(my $file, $path, { '<' => 0, '>' => 1, '>>' => 02001 }->{$mode // '<'}), 'opened');
}

# The first line of a file, `empty`, or why there is none.
sub reads {
    my ($path) = @_;
    return answer(1) if !sysopen(my $file, $path, 0);
    my $count = sysread($file, my $text, 4096);
    return answer(1) if !defined $count;
    return 'empty' if !$count;
    return (split /\n/, $text)[0];
}

# Reads a file that must not show anything: `empty` and a refusal are both nothing.
sub hidden {
    my $shown = reads(@_);
    return $shown =~ /^(empty|E[A-Z]+)$/ ? $shown : 'shown';
}

# Puts an answer for the kernel's lack of something: such an attempt says nothing.
sub if_here {
    my ($path, $answer) = @_;
    return -e $path || $! != 2 ? $answer->() : "absent: no $path";
}

# The names in a directory.
sub lists {
    my ($path) = @_;
    return answer(1) if !opendir(my $directory, $path);
    my @names = sort grep { !/^\.\.?$/ } readdir($directory);
    return @names ? "@names" : 'empty';
}

# A new empty directory.
sub fresh {
    my $path = "/tmp/fresh.$$." . $fresh++;
    mkdir $path or die "mkdir $path: $!";
    return $path;
}

# Opens a socket.
sub opens_socket {
    my ($family, $type, $protocol) = @_;
    return answer(!socket(my $socket, $family, $type, $protocol), 'opened');
}

# Connects to an abstract socket.
sub connects {
    my ($name) = @_;
    socket(my $socket, 1, 1, 0) or return answer(1);
    return answer(!connect($socket, pack('S a*', 1, "\0$name")), 'connected');
}

# Goes on where Landlock has a scope of abstract sockets, which the doctor names where it lacks.
sub in_scope {
    my ($try) = @_;
    call(444, 0, 0, 1);
    return $result >= 6 ? $try->() : 'absent: Landlock has no scope of abstract sockets';
}

# statfs(2): the bytes and the files that a file system may have.
sub size_of {
    my ($path) = @_;
    my $buffer = "\0" x 256;
    my $answer = call('statfs', $path, \$buffer);
    return () if $answer ne 'done';
    my (undef, $block, $blocks, undef, undef, $files) = unpack('q6', $buffer);
    return ($block * $blocks, $files);
}

# Whether a file system in memory is bounded: in bytes below the half of the machine's memory that
# the kernel would give, and in files to a million at most, of which each takes a kilobyte.
sub bounded {
    my ($path) = @_;
    my ($bytes, $files) = size_of($path) or return answer(1);
    my ($memory) = reads('/proc/meminfo') =~ /(\d+)/;
    return $bytes && $bytes < $memory * 1024 * 0.45 && $files && $files <= 1 << 20 ? 'bounded' : 'unbounded';
}

# Whether /proc/keys shows keys of another user of the jail's, or of the host's.
sub others_keys {
    my $mine = reads('/proc/keys');
    return $mine if $mine =~ /^(empty|E[A-Z]+)$/;
    open(my $keys, '<', '/proc/keys');
    return (grep { (split)[5] != 0 } <$keys>) ? 'shown' : 'its own';
}

# The capabilities of `@_` that a program executed here can get.
sub rights {
    my ($set) = join('', do { open(my $status, '<', '/proc/self/status'); <$status> }) =~ /CapBnd:\s*(\w+)/;
    my @got = grep { hex($set) >> $_ & 1 } @_;
    return @got ? "@got" : 'none';
}

# Executes a program of these bytes.
sub runs {
    my ($bytes) = @_;
    my $path = fresh() . '/program';
    open(my $file, '>', $path); binmode $file; print $file $bytes; close $file;
    chmod 0755, $path;
    my $pid = fork();
    if (!$pid) { exec $path; leave() }
    waitpid($pid, 0);
    return $? & 127 ? 'signal ' . ($? & 127) : 'status ' . ($? >> 8);
}

# Whether a program is set-user-ID for a user of this number: its effective user.
sub runs_as {
    my ($user, $path) = @_;
    return answer(1) if !-x $path;
    my $pid = open(my $said, '-|') // return answer(1);
    if (!$pid) {
        call('setresgid', $user, $user, $user);
        call('setresuid', $user, $user, $user);
        exec $path, '-e', 'print $>'; leave();
    }
    my $text = <$said>;
    return 'euid ' . ($text // 'unknown');
}

sub machine { my $buffer = "\0" x 390; call('uname', \$buffer); return unpack('Z65', substr($buffer, 260)) }

# Programs that are nothing but these instructions.
sub elf32 {
    my ($code) = @_;
    my $size = 84 + length $code;
    return "\x7fELF\1\1\1" . "\0" x 9 . pack('SSLLLLLSSSSSS', 2, 3, 1, 0x8048054, 52, 0, 0, 52, 32, 1, 0, 0, 0)
        . pack('L8', 1, 0, 0x8048000, 0x8048000, $size, $size, 5, 4096) . $code;
}
sub elf64 {
    my ($code) = @_;
    my $size = 120 + length $code;
    return "\x7fELF\2\1\1" . "\0" x 9 . pack('SSLQQQLSSSSSS', 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0)
        . pack('LLQ6', 1, 5, 0, 0x400000, 0x400000, $size, $size, 4096) . $code;
}

# A child makes one call, and its tracer puts another one in its place: the answer that the child
# sees. x86_64 alone: the call's number is the word at 120 of its registers.
sub traced {
    my ($made, $meant) = @_;
    my $pid = fork() // return answer(1);
    if (!$pid) {
        call('ptrace', 0, 0, 0, 0);
        kill 19, $$;
        call($made);
        syscall($NUMBERS{exit_group}, $result < 0 ? $! + 0 : 0);
    }
    # perl's own waitpid does not tell that a process is stopped.
    my $status = "\0" x 4;
    my $stopped = sub { call('wait4', $pid, \$status, 0, 0) eq 'done' && (unpack('L', $status) & 0xff) == 0x7f };
    while ($stopped->()) {
        my $number = "\0" x 8;
        call('ptrace', 3, $pid, 120, \$number);
        call('ptrace', 6, $pid, 120, $NUMBERS{$meant}) if unpack('Q', $number) == $NUMBERS{$made};
        last if call('ptrace', 24, $pid, 0, 0) ne 'done';
    }
    $! = unpack('L', $status) >> 8;
    return answer($! + 0, 'done');
}

# A request to rtnetlink(7), and the kernel's answer.
sub netlink {
    my ($type, $flags, $payload) = @_;
    socket(my $socket, 16, 3, 0) or return answer(1);
    send($socket, pack('LSSLL', 16 + length $payload, $type, $flags, 1, 0) . $payload, 0) or return answer(1);
    recv($socket, my $said, 4096, 0);
    $! = -unpack('x16 l', $said);
    return answer($! + 0, 'done');
}

# Tells those who listen for events of devices of one.
sub uevent {
    socket(my $socket, 16, 3, 15) or return answer(1);
    my $event = "add\@/devices/none\0ACTION=add\0DEVPATH=/devices/none\0SUBSYSTEM=none\0SEQNUM=1\0";
    return answer(!send($socket, $event, 0, pack('SSLL', 16, 0, 0, 1)), 'done');
}

# Opens more and more of something: the error that ends it, or that `$most` were had.
sub until_refused {
    my ($most, $one) = @_;
    for (1 .. $most) { my $answer = $one->(); return $answer if $answer =~ /^E/ }
    return "$most and more";
}

# An IPv6 address as the kernel has it.
sub six {
    my ($host) = @_;
    $host =~ s/(\d+)\.(\d+)\.(\d+)\.(\d+)$/sprintf '%x:%x', $1 << 8 | $2, $3 << 8 | $4/e;
    my ($head, $tail) = map { pack 'n*', map { hex } split /:/ } (split(/::/, $host, 2), '')[0, 1];
    return $head . "\0" x (16 - length($head . $tail)) . $tail;
}

# The address of a socket: `192.0.2.1:80`, or `[2001:db8::1]:80`.
sub address {
    my ($host, $port) = $_[0] =~ /^\[?([^\]]*)\]?:(\d+)$/;
    return pack('S n C4 x8', 2, $port, split /\./, $host) if $host !~ /:/;
    return pack('S n N a16 N', 10, $port, 0, six($host), 0);
}

# A socket of a protocol such as `tcp4`, with options: each a level, a name and a value.
our %PROTOCOLS = (
    tcp => [1, 0], udp => [2, 0], udplite => [2, 136], sctp => [1, 132], dccp => [6, 33],
    multipath => [1, 262], l2tp => [2, 115], ping => [2, 1], pingsix => [2, 58],
    raw => [3, 1], any => [3, 255], six => [3, 58], tunnel => [3, 4],
);
sub makes {
    my ($protocol, @options) = @_;
    my ($name, $family) = $protocol =~ /^(\w+)(\d)$/;
    socket(my $socket, $family == 4 ? 2 : 10, $PROTOCOLS{$name}[0], $PROTOCOLS{$name}[1]) or return;
    for (@options) { setsockopt($socket, $_->[0], $_->[1], $_->[2]) or return }
    return $socket;
}

# bind(2), connect(2) and sendto(2) of a new socket.
sub binds {
    my ($protocol, $address, @options) = @_;
    my $socket = makes($protocol, @options) or return answer(1);
    return answer(!bind($socket, address($address)), 'bound');
}
sub reaches {
    my ($protocol, $address, @options) = @_;
    my $socket = makes($protocol, @options) or return answer(1);
    return answer(!connect($socket, address($address)), 'connected');
}
sub sends {
    my ($protocol, $address, $flags, @options) = @_;
    my $socket = makes($protocol, @options) or return answer(1);
    return answer(!send($socket, 'who', $flags, address($address)), 'sent');
}

# sendmsg(2) with one ancillary message.
sub sends_with {
    my ($socket, $address, $level, $type, $payload) = @_;
    my ($to, $text) = (defined $address ? address($address) : '', 'who');
    my $vector = pack('P Q', $text, length $text);
    my $more = pack('Q l l', 16 + length $payload, $level, $type) . $payload . "\0" x (-length($payload) & 7);
    my $message = pack('P L x4 P Q P Q L x4', $to, length $to, $vector, 1, $more, length $more, 0);
    return call('sendmsg', fileno($socket), $message, 0) eq 'done' ? 'sent' : answer(1);
}

# What a socket has heard by now.
sub heard {
    my ($socket) = @_;
    return defined recv($socket, my $text, 100, 0x40) ? 'heard' : $! == 11 ? 'nothing' : answer(1);
}

# Accepts what has come by now.
sub accepted {
    my ($socket) = @_;
    my $ready = '';
    vec($ready, fileno($socket), 1) = 1;
    return select($ready, undef, undef, 0) ? 'connected' : 'nothing';
}

# Goes on if nothing has come to one of the machine's sockets for datagrams, which is named as in
# /proc/net/udp.
sub unheard {
    my ($local, $try) = @_;
    my $waits = sub {
        my $bytes = 0;
        for my $family ('', '6') {
            open(my $list, '<', "/proc/net/udp$family");
            /^\s*\d+: $local \S+ \S+ \w+:(\w+) / && ($bytes += hex $1) for <$list>;
        }
        return $bytes;
    };
    my $before = $waits->();
    my $answer = $try->();
    return $waits->() == $before ? $answer : 'heard by the host';
}

# The ports on which sockets listen, by the machine's list, but these.
sub listening {
    my %known = map { $_ => 1 } @_;
    my %ports;
    for my $family ('', '6') {
        open(my $list, '<', "/proc/net/tcp$family");
        /^\s*\d+: \w+:(\w+) \w+:\w+ 0A / && $ports{hex $1}++ for <$list>;
    }
    return grep { !$known{$_} } sort keys %ports;
}
